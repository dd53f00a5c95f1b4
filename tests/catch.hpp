#pragma once
/// Catch2 under one name: version 3 where it is installed, else Debian's 2.13.

#include <string>

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
/// Matches a text that contains `part`, e.g. CHECK_THAT(message, contains("row 3")).
inline auto contains(const std::string& part) { return Catch::Matchers::ContainsSubstring(part); }
#else
#include <catch2/catch.hpp>
/// Matches a text that contains `part`, e.g. CHECK_THAT(message, contains("row 3")).
inline auto contains(const std::string& part) { return Catch::Matchers::Contains(part); }
#endif
