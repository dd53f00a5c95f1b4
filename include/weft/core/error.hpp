#pragma once

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

#include "../config.hpp"

namespace weft {

/// Every run-time failure that weft reports: what could not be done, where, and why. A program that is built
/// without exceptions prints the text and ends. No errors.
///
///     try {
///         model<net, cpu> model{seed{1}};
///         load(model, "flowers.safetensors");
///     } catch (const error& failure) {
///         std::puts(failure.what());  // cannot load model: flowers.safetensors: …
///     }
class error : public std::runtime_error {
public:
    explicit error(const std::string& message) : std::runtime_error(message) {}
    /// "what: where: why", e.g. "cannot load model: lenet.safetensors: the file is empty".
    error(const std::string& what, const std::string& where, const std::string& why)
        : std::runtime_error(what + ": " + where + ": " + why) {}
};

/// Throws `failure`, or prints it and aborts in a program built without exceptions. Raises what it is given,
/// or three parts of it.
///
///     if (flowers.empty()) raise("cannot train", "flowers", "there are none");
[[noreturn]] inline void raise(const error& failure) {
#if WEFT_HAS_EXCEPTIONS
    throw failure;
#else
    std::fprintf(stderr, "weft: %s\n", failure.what());
    std::abort();
#endif
}

[[noreturn]] inline void raise(const std::string& what, const std::string& where, const std::string& why) {
    raise(error{what, where, why});
}

}  // namespace weft
