#include "node/cli/atomic_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/temp_directory.h"

namespace latium::cli {
namespace {

class AtomicFileTest : public testing::Test {
 protected:
  const TempDirectory directory_;
  const std::string path_ = directory_ / "file";
};

TEST_F(AtomicFileTest, AppearsAtTheCommit) {
  auto file = AtomicFile::create(path_);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->write("one "));
  ASSERT_TRUE(file->write("two"));
  EXPECT_FALSE(std::filesystem::exists(path_));
  ASSERT_TRUE(file->commit());
  EXPECT_EQ(*read_file(path_), "one two");
  EXPECT_FALSE(std::filesystem::exists(path_ + ".partial"));
}

TEST_F(AtomicFileTest, LeavesTheOldOneWhenNotCommitted) {
  ASSERT_TRUE(write_file(path_, "old"));
  {
    auto file = AtomicFile::create(path_);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write("new"));
  }
  EXPECT_EQ(*read_file(path_), "old");
  EXPECT_FALSE(std::filesystem::exists(path_ + ".partial"));
}

TEST_F(AtomicFileTest, TellsAMissingFileFromOneThatCannotBeRead) {
  EXPECT_EQ(read_file(path_).error().code, ErrorCode::not_found);
  EXPECT_EQ(write_file("/nonexistent/x", "").error().code, ErrorCode::io_error);
  EXPECT_TRUE(remove_file(path_));
}

}  // namespace
}  // namespace latium::cli
