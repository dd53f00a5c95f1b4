// Catch2 3 brings a main of its own to link; Catch2 2 makes one here, once for all tests.
#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
