#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

#include "../../core/error.hpp"

namespace weft::io::detail {

/// A file that comes to be in one step: what is written goes to a temporary file in the same folder, and
/// commit() puts that in the place of the old one. Whenever the process dies, the old file or the new one is
/// there, whole. A link is followed; the permissions of an old file are kept.
class atomic_file {
public:
    atomic_file(const std::filesystem::path& path, std::string what)
        : what_(std::move(what)), shown_(path.string()), target_(resolve(path)) {
        static std::atomic<unsigned> count{0};
        folder_ = target_.parent_path().empty() ? std::filesystem::path(".") : target_.parent_path();
        std::error_code code;
        const auto status = std::filesystem::status(target_, code);
        if (std::filesystem::is_directory(status)) fail("this is a folder");
        // Renaming would put a file in the place of a device such as /dev/null.
        if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
            fail("this is not a regular file");
        if (target_.filename().empty()) fail("this names no file");
        for (int attempt = 0; file_ < 0 && attempt < 100; ++attempt) {
            // Not the target's name, so that a name of the greatest length can be written too.
            const std::string name =
                ".weft-" + std::to_string(::getpid()) + "-" + std::to_string(count++) + ".tmp";
            temporary_ = folder_ / name;
            file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
            if (file_ < 0 && errno != EEXIST && errno != EINTR) break;
        }
        if (file_ < 0) fail_with_errno("no file can be made in the folder " + folder_.string());
        struct stat old {};
        // A file of another owner may not let us; then the new one keeps the usual permissions.
        if (::stat(target_.c_str(), &old) == 0 && ::fchmod(file_, old.st_mode & 07777) != 0) errno = 0;
    }
    atomic_file(const atomic_file&) = delete;
    atomic_file& operator=(const atomic_file&) = delete;
    ~atomic_file() { discard(); }

    void write(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            // The system writes at most 2 GiB at a time.
            const ::ssize_t n = ::write(file_, bytes.data(), std::min(bytes.size(), std::size_t{1} << 30));
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) give_up("writing failed");
            bytes = bytes.subspan(std::size_t(n));
        }
    }
    /// Makes the new file durable and puts it in place. Error where that fails; the old file is then
    /// untouched.
    void commit() {
        if (::fsync(file_) != 0) give_up("its data cannot be made durable");
        const int closed = ::close(std::exchange(file_, -1));
        if (closed != 0) give_up("closing failed");
        if (::rename(temporary_.c_str(), target_.c_str()) != 0) give_up("the new file cannot take its place");
        temporary_.clear();
        sync_folder();
    }

private:
    static std::filesystem::path resolve(const std::filesystem::path& path) {
        std::error_code code;
        if (!std::filesystem::is_symlink(path, code)) return path;
        auto target = std::filesystem::weakly_canonical(path, code);
        return code ? path : target;
    }
    void sync_folder() const {
        const int folder = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0) return;
        // Some file systems cannot sync a folder; the rename is done all the same.
        const int synced = ::fsync(folder), why = errno;
        ::close(folder);
        if (synced != 0 && why == EIO) fail("the folder cannot be made durable");
    }
    void discard() {
        if (file_ >= 0) ::close(std::exchange(file_, -1));
        if (!temporary_.empty()) ::unlink(temporary_.c_str());
        temporary_.clear();
    }
    [[noreturn]] void fail(const std::string& why) const { raise(what_, shown_, why); }
    [[noreturn]] void fail_with_errno(const std::string& why) const {
        fail(why + ": " + std::strerror(errno));
    }
    [[noreturn]] void give_up(const std::string& why) {
        const int reason = errno;
        discard();
        errno = reason;
        fail_with_errno(why);
    }

    std::string what_, shown_;
    std::filesystem::path target_, folder_, temporary_;
    int file_ = -1;
};

}  // namespace weft::io::detail
