#include "weft/core/atomic_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../catch.hpp"
#include "../data/files.hpp"

using weft::detail::atomic_file;
using weft_test::failure;
using weft_test::read_bytes;

namespace {
bool disk_takes_nothing = false, no_proc = false;
}  // namespace

// In the C library's place, for what this machine has not: a disk that takes no bytes, and a folder where
// files must have names from the start.
extern "C" ssize_t write(int file, const void* bytes, std::size_t size) {
    return disk_takes_nothing ? 0 : ::syscall(SYS_write, file, bytes, size);
}
extern "C" int access(const char* path, int mode) noexcept {
    return no_proc && std::string_view(path).starts_with("/proc/")
               ? -1
               : int(::syscall(SYS_faccessat, AT_FDCWD, path, mode));
}

namespace {

void replace(const std::filesystem::path& path, const std::string& text) {
    atomic_file file(path, "cannot write");
    file.write(std::as_bytes(std::span(text)));
    file.commit();
}
auto files_in(const std::filesystem::path& folder) {
    return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
}

}  // namespace

TEST_CASE("a file takes the place of another in one step", "[io][atomic_file]") {
    const weft_test::temporary_folder folder;
    const auto path = folder / "a";
    replace(path, "one");
    CHECK(read_bytes(path) == "one");
    {
        atomic_file file(path, "cannot write");
        const std::string text = "two";
        file.write(std::as_bytes(std::span(text)));
        CHECK(read_bytes(path) == "one");
        // Never committed.
    }
    CHECK(read_bytes(path) == "one");
    replace(path, "");
    CHECK(read_bytes(path).empty());
    CHECK(files_in(folder.path()) == 1);
    replace(folder / std::string(255, 'n'), "long");
    CHECK(read_bytes(folder / std::string(255, 'n')) == "long");
}

TEST_CASE("links are followed and permissions kept", "[io][atomic_file]") {
    const weft_test::temporary_folder folder;
    replace(folder / "target", "one");
    ::chmod((folder / "target").c_str(), 0640);
    std::filesystem::create_symlink("target", folder / "link");
    replace(folder / "link", "two");
    CHECK(std::filesystem::is_symlink(folder / "link"));
    CHECK(read_bytes(folder / "target") == "two");
    struct stat status {};
    REQUIRE(::stat((folder / "target").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0640);
}

TEST_CASE("places that cannot be written to are errors", "[io][atomic_file]") {
    const weft_test::temporary_folder folder;
    CHECK_THAT(failure([&] { replace(folder / "none/a", "x"); }),
               contains("cannot write: ") && contains("none/a: no file can be made in the folder") &&
                   contains("No such file"));
    CHECK_THAT(failure([&] { replace(folder.path(), "x"); }), contains("this is a folder"));
    CHECK_THAT(failure([&] { replace("", "x"); }), contains("names no file"));
    CHECK_THAT(failure([&] { replace("/dev/null", "x"); }), contains("not a regular file"));
    CHECK_THAT(failure([&] { replace(folder / std::string(300, 'n'), "x"); }), contains("name too long"));
    CHECK(std::filesystem::is_empty(folder.path()));
    std::filesystem::create_symlink("none", folder / "link");
    CHECK_THAT(failure([&] { replace(folder / "link", "x"); }), contains("a link that leads to no file"));
    CHECK(std::filesystem::is_symlink(folder / "link"));
}

TEST_CASE("a file that may not be written is not replaced", "[io][atomic_file]") {
    const weft_test::temporary_folder folder;
    const auto path = folder / "a";
    replace(path, "old");
    ::chmod(path.c_str(), 0444);
    ::chmod(folder.path().c_str(), 0777);
    const pid_t child = ::fork();  // root may write everything
    REQUIRE(child >= 0);
    if (child == 0) {
        if (::geteuid() == 0 && ::seteuid(65534) != 0) ::_exit(2);
        const std::string message = failure([&] { replace(path, "new"); });
        ::_exit(message.find("the file that is there may not be written: Permission denied") !=
                        std::string::npos
                    ? 0
                    : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(read_bytes(path) == "old");
    CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("root keeps a file's owner", "[io][atomic_file]") {
    if (::geteuid() != 0) {
        WARN("SKIPPED: needs root");
        return;
    }
    const weft_test::temporary_folder folder;
    replace(folder / "a", "old");
    REQUIRE(::chown((folder / "a").c_str(), 65534, 65533) == 0);
    ::chmod((folder / "a").c_str(), 0620);
    replace(folder / "a", "new");
    struct stat status {};
    REQUIRE(::stat((folder / "a").c_str(), &status) == 0);
    CHECK(status.st_uid == 65534);
    CHECK(status.st_gid == 65533);
    CHECK((status.st_mode & 07777) == 0620);
}

TEST_CASE("a disk that takes nothing is full, not a success", "[io][atomic_file]") {
    const weft_test::temporary_folder folder;
    replace(folder / "a", "old");
    disk_takes_nothing = true;
    const std::string message = failure([&] { replace(folder / "a", "new"); });
    disk_takes_nothing = false;
    CHECK_THAT(message, contains("writing failed, as no byte was taken: No space left on device"));
    CHECK(read_bytes(folder / "a") == "old");
    CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("when writing fails, the old file stays and nothing else", "[io][atomic_file]") {
    const weft_test::temporary_folder folder;
    const auto path = folder / "a";
    replace(path, "old");
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit small = before;
    small.rlim_cur = 1000;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    const std::string message = failure([&] { replace(path, std::string(5000, 'x')); });
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    CHECK_THAT(message, contains("writing failed: File too large"));
    CHECK(read_bytes(path) == "old");
    CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("a process killed while it saves leaves a whole file", "[io][atomic_file]") {
    const weft_test::temporary_folder folder;
    const auto path = folder / "a";
    const std::string one(200'000, '1'), two(300'000, '2');
    replace(path, one);
    for (int round = 0; round < 20; ++round) {
        no_proc = round % 2 == 1;
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            while (true) replace(path, two), replace(path, one);
        }
        ::usleep(useconds_t(1000 + round * 331));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        const std::string bytes = read_bytes(path);
        CHECK((bytes == one || bytes == two));
    }
    no_proc = false;
    replace(path, one);
    CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("temporary files of the dead are removed, those of the living are not", "[io][atomic_file]") {
    const weft_test::temporary_folder folder;
    const auto dead = folder.write(".weft-0123456789abcdef.tmp", "dead");
    const auto living = folder.write(".weft-fedcba9876543210.tmp", "living");
    const int file = ::open(living.c_str(), O_WRONLY);
    REQUIRE(file >= 0);
    REQUIRE(::flock(file, LOCK_EX | LOCK_NB) == 0);
    for (const char* name : {".weft-12-3.tmp", ".weft-0123456789abcdeF.tmp", "weft-0123456789abcdef.tmp"})
        folder.write(name, "of somebody else");
    std::filesystem::create_symlink("living", folder / ".weft-0000000000000000.tmp");
    replace(folder / "a", "x");
    CHECK_FALSE(std::filesystem::exists(dead));
    CHECK(read_bytes(living) == "living");
    CHECK(files_in(folder.path()) == 6);
    ::close(file);
    replace(folder / "a", "y");
    CHECK_FALSE(std::filesystem::exists(living));
    CHECK(files_in(folder.path()) == 5);
}

TEST_CASE("any number of leftovers refuses nothing", "[io][atomic_file]") {
    const weft_test::temporary_folder folder;
    // As where process numbers repeat, which earlier versions counted on.
    for (int i = 0; i < 200; ++i)
        folder.write(".weft-" + std::to_string(::getpid()) + "-" + std::to_string(i) + ".tmp", "");
    replace(folder / "a", "x");
    CHECK(read_bytes(folder / "a") == "x");
    CHECK(files_in(folder.path()) == 201);
}

TEST_CASE("processes that save into one folder do not take each other's files", "[io][atomic_file]") {
    const weft_test::temporary_folder folder;
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i) {
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            const std::string path = folder / std::to_string(i % 2);
            no_proc = i < 2;
            const std::string message = failure([&] {
                for (int round = 0; round < 30; ++round) replace(path, std::string(2000, char('a' + i)));
            });
            ::_exit(message == "no error" ? 0 : 1);
        }
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = 0;
        ::waitpid(child, &status, 0);
        CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
    }
    CHECK(files_in(folder.path()) == 2);
}
