// A program that does what programs do to get away. Its arguments are done in order:
//   branch         fork: the parent waits for a signal, the child goes on
//   leave          fork: the parent exits with 0 once its descendant said `pid`, the child goes on
//   setsid         leave the session
//   join           enter the parent's process group
//   deaf           ignore SIGTERM
//   bare           go on with an empty environment
//   headless       leave the rest to a thread and end the main one
//   bomb N         fork until there are N processes, deaf, every fourth in a session of its own
//   pid            print the own pid
//   fds, signals   print the open descriptors; the blocked and ignored signals
//   exit N, pause  the end; the default is pause
// None of them lives longer than a minute, so that a failing test leaves nothing for good.
#include <dirent.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace {

std::vector<int> waiting;  // ends of pipes on which a parent waits to leave

[[noreturn]] void pause_forever() {
  ::alarm(60);
  while (true) ::pause();
}

void leave() {
  int ends[2];
  if (::pipe(ends) != 0) std::exit(99);
  if (::fork() != 0) {
    ::close(ends[1]);
    char byte = 0;
    [[maybe_unused]] const ssize_t got = ::read(ends[0], &byte, 1);
    ::_exit(0);
  }
  ::close(ends[0]);
  waiting.push_back(ends[1]);
}

void print_pid() {
  std::cout << "pid " << ::getpid() << std::endl;
  for (const int end : waiting) ::close(end);
  waiting.clear();
}

[[noreturn]] void bomb(int limit) {
  void* shared = ::mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto* count = new (shared) std::atomic<int>(0);
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGCHLD, SIG_IGN);
  print_pid();
  while (true) {
    const int number = count->fetch_add(1);
    if (number >= limit) pause_forever();
    if (::fork() == 0 && number % 4 == 0) ::setsid();
  }
}

void print_descriptors() {
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) std::exit(99);
  while (const dirent* entry = ::readdir(folder))
    if (entry->d_name[0] != '.' && std::stoi(entry->d_name) != ::dirfd(folder))
      std::cout << "fd " << entry->d_name << std::endl;
  ::closedir(folder);
}

void print_signals() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("SigBlk") || line.starts_with("SigIgn")) std::cout << line << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "branch" && ::fork() != 0) pause_forever();
    if (word == "leave") leave();
    if (word == "setsid") ::setsid();
    if (word == "join") ::setpgid(0, ::getpgid(::getppid()));
    if (word == "deaf") ::signal(SIGTERM, SIG_IGN);
    if (word == "bare") {
      char* none[] = {nullptr};
      argv[i] = argv[0];
      ::execve("/proc/self/exe", argv + i, none);
      return 99;
    }
    if (word == "headless") {
      std::thread(pause_forever).detach();
      ::pthread_exit(nullptr);
    }
    if (word == "bomb") bomb(std::stoi(argv[++i]));
    if (word == "pid") print_pid();
    if (word == "fds") print_descriptors();
    if (word == "signals") print_signals();
    if (word == "exit") return std::stoi(argv[++i]);
  }
  pause_forever();
}
