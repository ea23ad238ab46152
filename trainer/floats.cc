#include "trainer/floats.h"

#if defined(__SSE__)
#include <immintrin.h>
#endif

namespace krige::trainer {

void flush_denormals() {
#if defined(__SSE__)
  constexpr unsigned kFlushToZero = 1U << 15;
  constexpr unsigned kDenormalsAreZero = 1U << 6;
  _mm_setcsr(_mm_getcsr() | kFlushToZero | kDenormalsAreZero);
#endif
}

}  // namespace krige::trainer
