#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "../../core/error.hpp"

namespace weft::detail {

/// Writes `content` to `path`, which is afterwards either as it was or complete: the bytes go to a file
/// beside it, which takes the name once they are on the disk. Raises weft::error.
inline void write_file(const std::string& path, std::string_view content) {
    const std::string beside = path + "." + std::to_string(::getpid()) + ".tmp";
    std::FILE* file = std::fopen(beside.c_str(), "wb");
    if (!file) raise("cannot write a file", path, std::strerror(errno));
    bool fine = std::fwrite(content.data(), 1, content.size(), file) == content.size();
    fine = std::fflush(file) == 0 && fine;
    fine = ::fsync(::fileno(file)) == 0 && fine;
    int why = fine ? 0 : errno;
    if (std::fclose(file) != 0 && fine) {
        fine = false;
        why = errno;
    }
    if (fine && std::rename(beside.c_str(), path.c_str()) != 0) {
        fine = false;
        why = errno;
    }
    if (!fine) {
        std::remove(beside.c_str());
        raise("cannot write a file", path, std::strerror(why));
    }
}

}  // namespace weft::detail
