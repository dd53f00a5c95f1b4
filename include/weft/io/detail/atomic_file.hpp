#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "../../core/message.hpp"

namespace weft::io::detail {

/// A file that comes to be in one step: what is written goes to a temporary file in the same folder, and
/// commit() puts that in the place of the old one. Whenever the process dies, the old file or the new one is
/// there, whole. A link is followed; the permissions of an old file are kept.
class atomic_file {
public:
    /// `what` starts each error, and outlives the file.
    atomic_file(const std::string& path, std::string_view what)
        : what_(what), shown_(path), target_(resolve(path)), folder_(folder_of(target_)) {
        struct stat old {};
        const bool there = ::stat(target_.c_str(), &old) == 0;
        if (there && S_ISDIR(old.st_mode)) fail("this is a folder");
        // Renaming would put a file in the place of a device such as /dev/null.
        if (there && !S_ISREG(old.st_mode)) fail("this is not a regular file");
        if (target_.empty() || target_.back() == '/') fail("this names no file");
        create_temporary();
        // A file of another owner may not let us; then the new one keeps the usual permissions.
        if (there && ::fchmod(file_, old.st_mode & 07777) != 0) errno = 0;
    }
    atomic_file(const atomic_file&) = delete;
    atomic_file& operator=(const atomic_file&) = delete;
    ~atomic_file() { discard(); }

    void write(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            // The system writes at most 2 GiB at a time.
            constexpr std::size_t most = std::size_t{1} << 30;
            const ::ssize_t n = ::write(file_, bytes.data(), bytes.size() < most ? bytes.size() : most);
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
    /// Where a link leads; what it is itself if that does not exist, as for everything else.
    static std::string resolve(const std::string& path) {
        struct stat status {};
        if (::lstat(path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) return path;
        char* const found = ::realpath(path.c_str(), nullptr);
        std::string target(found != nullptr ? found : path.c_str());
        std::free(found);
        return target;
    }
    static std::string folder_of(const std::string& target) {
        std::size_t end = target.rfind('/');
        if (end == std::string::npos) return ".";
        while (end > 1 && target[end - 1] == '/') --end;
        return target.substr(0, end == 0 ? 1 : end);
    }
    void create_temporary() {
        static std::atomic<unsigned> count{0};
        using weft::detail::decimal;
        for (int attempt = 0; file_ < 0 && attempt < 100; ++attempt) {
            // Not the target's name, so that a name of the greatest length can be written too.
            temporary_ = weft::detail::message(
                {folder_, "/.weft-", decimal(std::uint64_t(::getpid())), "-", decimal(count++), ".tmp"});
            file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
            if (file_ < 0 && errno != EEXIST && errno != EINTR) break;
        }
        if (file_ >= 0) return;
        temporary_.clear();
        const int reason = errno;
        const std::string why = weft::detail::message({"no file can be made in the folder ", folder_});
        errno = reason;
        fail_with_errno(why);
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
    [[noreturn]] void fail(std::string_view why) const { weft::detail::raise_parts(what_, shown_, {why}); }
    [[noreturn, gnu::cold, gnu::noinline]] void fail_with_errno(std::string_view why) const {
        weft::detail::raise_parts(what_, shown_, {why, ": ", std::strerror(errno)});
    }
    [[noreturn, gnu::cold, gnu::noinline]] void give_up(std::string_view why) {
        const int reason = errno;
        discard();
        errno = reason;
        fail_with_errno(why);
    }

    std::string_view what_;
    std::string shown_, target_, folder_, temporary_;
    int file_ = -1;
};

}  // namespace weft::io::detail
