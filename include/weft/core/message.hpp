#pragma once
/// Messages put together out of line, so that the places that may fail stay short, for the processor and for
/// the compiler.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "error.hpp"

namespace weft::detail {

/// A whole number as a part of a message.
class decimal {
public:
    explicit constexpr decimal(std::uint64_t value) {
        do digits_[--begin_] = char('0' + value % 10);
        while ((value /= 10) != 0);
    }
    constexpr operator std::string_view() const { return {digits_ + begin_, sizeof digits_ - begin_}; }

private:
    char digits_[20] = {};
    std::size_t begin_ = sizeof digits_;
};

/// All parts, one behind the other: message({"there are ", decimal(n), " of them"}).
[[gnu::cold, gnu::noinline]] inline std::string message(std::initializer_list<std::string_view> parts) {
    std::string text;
    for (const std::string_view part : parts) text.append(part.data(), part.size());
    return text;
}

/// Raises "what: where: why", where `why` comes in parts.
[[noreturn, gnu::cold, gnu::noinline]] inline void raise_parts(std::string_view what, std::string_view where,
                                                               std::initializer_list<std::string_view> why) {
    raise(error{message({what, ": ", where, ": ", message(why)})});
}

}  // namespace weft::detail
