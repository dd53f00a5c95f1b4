#include "weft/io/detail/atomic_file.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iterator>
#include <span>
#include <string>

#include "../catch.hpp"
#include "../data/files.hpp"

using weft::io::detail::atomic_file;
using weft_test::failure;
using weft_test::read_bytes;

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
        CHECK(files_in(folder.path()) == 2);
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
}
