// krige-trainer's command line.
#include <gtest/gtest.h>

#include "tests/trainer/trainer_process.h"

namespace krige::trainer {
namespace {

using Outcome = TrainerProcess::Outcome;

void expect_refused(const Outcome& outcome, const std::string& log) {
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.log, log);
}

TEST(Program, RefusesABadCommandLine) {
  const std::string job = digits_job(R"("epochs": 1)");
  expect_refused(train(job, {"--nonsense"}), "error: unknown option --nonsense\n");
  expect_refused(train(job, {"--model"}), "error: --model needs a value\n");
  expect_refused(train(job, {"--transport", "pigeon"}), "error: --transport is shm, unix or tcp, not pigeon\n");
  expect_refused(train(job, {"--timeout", "soon"}), "error: --timeout needs a number, is soon\n");
  expect_refused(train(job, {"--timeout", "0"}), "error: --timeout is from 0.1 to 1e6\n");
}

TEST(Program, RefusesABadJob) {
  expect_refused(train(digits_job(R"("epochs": 0)")), "error: epochs: must be between 1 and 1000000000, is 0\n");
  expect_refused(train(digits_job(R"("learning_rat": 1)")),
                 "error: learning_rat: is not a known key; did you mean learning_rate?\n");
  EXPECT_EQ(train("{").exit_code, 2);
  EXPECT_EQ(train("").exit_code, 2);
}

TEST(Program, AModelThatCannotBeWrittenIsAnError) {
  const Outcome outcome = train(digits_job(R"("epochs": 1)"), {"--model", "/nonexistent/folder/model"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.records.size(), 1U);
  EXPECT_TRUE(outcome.log.starts_with("error: cannot create /nonexistent/folder/model")) << outcome.log;
}

}  // namespace
}  // namespace krige::trainer
