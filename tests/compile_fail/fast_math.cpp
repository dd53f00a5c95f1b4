// title: -ffast-math
// why: It has compilers drop every test for NaN and infinity, so that training would go on with numbers that are none.
// expect: tests for NaN and infinity are gone under -ffinite-math-only
// expect: add -fno-finite-math-only
// flags: -ffast-math
#include <weft/weft.hpp>

#ifdef WEFT_OK
#else
#endif

int main() {}
