#include "tests/store/engine_conformance.h"

#include "tests/store/engine_kinds.h"

namespace latium::testing {

INSTANTIATE_TEST_SUITE_P(All, EngineConformance, ::testing::ValuesIn(engine_kinds()),
                         [](const ::testing::TestParamInfo<EngineKind>& info) { return info.param.name; });

}  // namespace latium::testing
