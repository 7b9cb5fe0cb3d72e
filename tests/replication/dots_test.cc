#include "replication/dots.h"

#include <gtest/gtest.h>

namespace latium {
namespace {

TEST(DotSource, NamesGrowOverWritesLivesAndStarts) {
  Dot last;
  for (std::uint32_t run = 1; run <= 3; ++run) {
    DotSource dots(NodeId{1}, run);
    for (int life = 0; life < 3; ++life) {
      for (int i = 0; i < 3; ++i) {
        const Dot next = dots.next();
        EXPECT_GT(next.counter, last.counter);
        EXPECT_EQ(next.life() == last.life(), i > 0);
        last = next;
      }
      dots.begin_life();
    }
  }
}

TEST(DotSource, AStartNeverRunsIntoTheNext) {
  DotSource dots(NodeId{1}, 1);
  for (int i = 0; i < 1000; ++i) dots.begin_life();
  EXPECT_LT(dots.next().counter, DotSource(NodeId{1}, 2).next().counter);
}

}  // namespace
}  // namespace latium
