// How far the events of each study have been told to one address: kept in a file, so that a restart goes on there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "base/error.h"
#include "base/ids.h"

namespace krige::server {

// For one thread.
class Positions {
 public:
  // corrupt: the file is none of ours.
  static Result<Positions> open(std::filesystem::path file);

  // There was no file: nothing was ever told.
  [[nodiscard]] bool is_new() const { return is_new_; }
  // The seq of the last event that was told; 0 for a study that is not known.
  [[nodiscard]] std::uint64_t of(const StudyId& study) const;
  void set(const StudyId& study, std::uint64_t seq) { seqs_[study] = seq; }
  void forget(const StudyId& study) { seqs_.erase(study); }
  [[nodiscard]] Status save() const;

 private:
  explicit Positions(std::filesystem::path file) : file_(std::move(file)) {}
  std::filesystem::path file_;
  bool is_new_ = true;
  std::map<StudyId, std::uint64_t> seqs_;
};

}  // namespace krige::server
