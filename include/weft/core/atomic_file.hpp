#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "message.hpp"

namespace weft::detail {

/// A file that comes to be in one step: what is written goes to a file beside it, without a name where the
/// file system has such, and commit() puts that in the place of the old one. Whenever the process dies, the
/// old file or the new one is there, whole. A link is followed, to a file that exists. An old file must be
/// writable, as for an ordinary write; its permissions are kept, and its owner and group where the system
/// lets us (which takes root, or a group of ours). Other hard links to it keep what it was.
///
/// A process that dies may leave a `.weft-….tmp`, which the next file that is written in that folder removes:
/// who writes one holds a lock on it, and what can be locked is nobody's.
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
        // Renaming would replace it all the same: that takes a right to the folder only.
        if (there && ::faccessat(AT_FDCWD, target_.c_str(), W_OK, AT_EACCESS) != 0)
            fail_with_errno("the file that is there may not be written");
        remove_leftovers();
        create_temporary();
        if (there) take_over(old);
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
            if (n == 0) errno = ENOSPC;  // which says nothing of why, and would go on for ever
            if (n <= 0) give_up(n == 0 ? "writing failed, as no byte was taken" : "writing failed");
            bytes = bytes.subspan(std::size_t(n));
        }
    }
    /// Makes the new file durable and puts it in place. Error where that fails; the old file is then
    /// untouched.
    void commit() {
        if (::fsync(file_) != 0) give_up("its data cannot be made durable");
        if (temporary_.empty()) give_name();
        if (::rename(temporary_.c_str(), target_.c_str()) != 0) give_up("the new file cannot take its place");
        temporary_.clear();
        // Only now, for the lock; after fsync nothing is left that closing could lose.
        ::close(std::exchange(file_, -1));
        sync_folder();
    }

private:
    static constexpr std::string_view prefix = ".weft-", suffix = ".tmp", digits = "0123456789abcdef";
    static constexpr std::size_t name_digits = 16;

    /// Where a link leads, else the path itself.
    std::string resolve(const std::string& path) const {
        struct stat status {};
        if (::lstat(path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) return path;
        char* const found = ::realpath(path.c_str(), nullptr);
        if (found == nullptr) fail_with_errno("this is a link that leads to no file");
        std::string target(found);
        std::free(found);
        return target;
    }
    static std::string folder_of(const std::string& target) {
        std::size_t end = target.rfind('/');
        if (end == std::string::npos) return ".";
        while (end > 1 && target[end - 1] == '/') --end;
        return target.substr(0, end == 0 ? 1 : end);
    }

    /// A name that nobody foresees, not made of the target's: that may be as long as names can be.
    std::string random_name() const {
        unsigned char drawn[name_digits / 2];
        if (::getentropy(drawn, sizeof drawn) != 0) fail_with_errno("no random name can be drawn");
        std::string name = message({folder_, "/", prefix});
        for (const unsigned char byte : drawn) name += {digits[byte >> 4], digits[byte & 15]};
        return name.append(suffix);
    }
    static bool is_temporary(std::string_view name) {
        return name.size() == prefix.size() + name_digits + suffix.size() && name.starts_with(prefix) &&
               name.ends_with(suffix) &&
               name.substr(prefix.size(), name_digits).find_first_not_of(digits) == std::string_view::npos;
    }
    void create_temporary() {
#ifdef O_TMPFILE
        file_ = ::open(folder_.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
        if (file_ >= 0 && ::access(by_number().c_str(), F_OK) == 0) return;
        discard();
#endif
        while (true) {
            temporary_ = random_name();
            file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
            if (file_ >= 0) {
                if (lock()) return;
                discard();  // Somebody took it for a leftover.
            } else if (errno != EEXIST && errno != EINTR) {
                const int reason = errno;
                temporary_.clear();
                const std::string why = message({"no file can be made in the folder ", folder_});
                errno = reason;
                fail_with_errno(why);
            }
        }
    }
    /// A file without a name, as linkat knows it. Without /proc it does not.
    std::string by_number() const {
        return message({"/proc/self/fd/", decimal(static_cast<unsigned>(file_))});
    }
    void give_name() {
        lock();
        std::string name = random_name();
        while (::linkat(AT_FDCWD, by_number().c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
            if (errno != EEXIST && errno != EINTR) give_up("the new file can get no name");
            name = random_name();
        }
        temporary_ = std::move(name);
    }
    /// False where another process has the lock, or had it and removed the file. Where the file system has no
    /// locks nobody can have it.
    bool lock() const {
        if (::flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
        struct stat status {};
        return ::fstat(file_, &status) == 0 && status.st_nlink > 0;
    }
    void take_over(const struct stat& old) const {
        // First the owner, since that may take rights away. None of this is worth failing for.
        [[maybe_unused]] const bool same_group =
            ::fchown(file_, old.st_uid, old.st_gid) == 0 || ::fchown(file_, ::uid_t(-1), old.st_gid) == 0;
        ::fchmod(file_, old.st_mode & 0777);
    }

    void remove_leftovers() const {
        ::DIR* const folder = ::opendir(folder_.c_str());
        if (folder == nullptr) return;
        while (const ::dirent* const entry = ::readdir(folder))
            if (is_temporary(entry->d_name)) remove_unless_locked(::dirfd(folder), entry->d_name);
        ::closedir(folder);
    }
    static void remove_unless_locked(int folder, const char* name) {
        struct stat status {};
        if (::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) return;
        if (status.st_uid != ::geteuid() && ::geteuid() != 0) return;
        const int file = ::openat(folder, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (file < 0) return;
        // Has it got its place in the meantime, then the name is no more.
        if (::flock(file, LOCK_EX | LOCK_NB) == 0) ::unlinkat(folder, name, 0);
        ::close(file);
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
        if (!temporary_.empty()) ::unlink(temporary_.c_str());
        temporary_.clear();
        if (file_ >= 0) ::close(std::exchange(file_, -1));
    }
    [[noreturn]] void fail(std::string_view why) const { raise_parts(what_, shown_, {why}); }
    [[noreturn, gnu::cold, gnu::noinline]] void fail_with_errno(std::string_view why) const {
        const int reason = errno;
        raise_parts(what_, shown_, {why, ": ", std::strerror(reason)});
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

/// Writes a whole file in one step; see atomic_file.
inline void write_file(const std::string& path, std::string_view content) {
    atomic_file file(path, "cannot write a file");
    file.write(std::as_bytes(std::span(content)));
    file.commit();
}

}  // namespace weft::detail
