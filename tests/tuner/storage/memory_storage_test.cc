#include "tests/tuner/storage/conformance.h"

namespace krige::tuner {
namespace {

INSTANTIATE_TEST_SUITE_P(Memory, StorageConformance,
                         testing::Values(StorageKind{"memory",
                                                     [](const TemporaryFolder&) -> Result<std::unique_ptr<Storage>> {
                                                       return make_memory_storage();
                                                     }}),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace krige::tuner
