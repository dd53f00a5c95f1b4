#pragma once

#include <cstdio>
#include <cstdlib>

namespace weft::detail {

/// Ends a constant evaluation: this is no constexpr function, and the compiler's message shows the call with
/// its text. (A throw would do the same, but not in programs built without exceptions.)
[[noreturn]] inline void stop_compilation(const char* why) {
    std::fputs(why, stderr);
    std::abort();
}

}  // namespace weft::detail
