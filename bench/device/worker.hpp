#pragma once
/// A program that a script talks to, so that measurements of several programs can be interleaved. Requests
/// are lines on standard input; answers are lines of JSON, the last of them {"done": true}:
///     check FILE                      compares with the reference's numbers in FILE
///     prepare NET KIND BATCH WAYS     makes memory and warms up; WAYS is "all" or names with commas
///     time MILLISECONDS               one sample of each way, over about that time
///     drop                            gives the memory back
/// With the arguments `reference FILE` a program computes the reference's numbers and ends.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "device.hpp"

namespace bench {

/// One way to do what a row of the table names.
struct way {
    std::string name;
    std::function<void()> start;  ///< one step, not waited for
    double step_seconds = 0;      ///< about
};
struct job {
    std::vector<way> ways;
    std::size_t parameters = 0;
    double bytes = 0, flops = 0;  ///< the fewest that a step can do with
};

inline std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += (unsigned char)(c) < ' ' ? ' ' : c;
    }
    return result + "\"";
}
inline void answer(const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}
inline std::string formatted(double x) {
    if (!std::isfinite(x)) return "null";
    char text[40];
    std::snprintf(text, sizeof text, "%.9g", x);
    return text;
}

/// Numbers that a reference left, vector after vector, in a file of doubles.
class expected_numbers {
public:
    expected_numbers(const std::string& path, bool write)
        : file_(path, std::ios::binary | (write ? std::ios::out | std::ios::trunc : std::ios::in)) {
        if (!file_) weft::raise("no reference numbers", path, "the file cannot be opened");
    }
    void write(const std::vector<double>& x) {
        const std::uint64_t size = x.size();
        file_.write(reinterpret_cast<const char*>(&size), sizeof size);
        file_.write(reinterpret_cast<const char*>(x.data()), std::streamsize(size * sizeof(double)));
        if (!file_) weft::raise("no reference numbers", "their file", "it cannot be written");
    }
    std::vector<double> read() {
        std::uint64_t size = 0;
        file_.read(reinterpret_cast<char*>(&size), sizeof size);
        std::vector<double> x(file_ && size < (1u << 24) ? size : 0);
        file_.read(reinterpret_cast<char*>(x.data()), std::streamsize(x.size() * sizeof(double)));
        if (!file_) weft::raise("no reference numbers", "their file", "it ends too early");
        return x;
    }

private:
    std::fstream file_;
};

/// Tells how far numbers are from the reference's: the norm of the difference over the reference's norm.
template <class T>
void report(const std::string& what, const std::vector<T>& got, const std::vector<double>& want,
            double limit) {
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < std::min(got.size(), want.size()); ++i) {
        difference += (double(got[i]) - want[i]) * (double(got[i]) - want[i]);
        norm += want[i] * want[i];
    }
    const double error = std::sqrt(difference / norm);
    const bool good = got.size() == want.size() && !want.empty() && error <= limit;
    answer("{\"check\": " + quoted(what) + ", \"difference\": " + formatted(error) +
           ", \"limit\": " + formatted(limit) + ", \"ok\": " + (good ? "true" : "false") + "}");
}

/// Is a way among those asked for?
inline bool wanted(const std::string& ways, const std::string& name) {
    return ways == "all" || ("," + ways + ",").find("," + name + ",") != std::string::npos;
}

/// What a program offers.
struct offer {
    std::function<void(expected_numbers&)> reference, check;
    std::function<job(const std::string& net, const std::string& kind, int batch, const std::string& ways)>
        prepare;
};

inline double seconds_of(const way& w, int steps) {
    using clock = std::chrono::steady_clock;
    wait_for_device();
    const auto start = clock::now();
    for (int i = 0; i < steps; ++i) w.start();
    wait_for_device();
    return std::chrono::duration<double>(clock::now() - start).count() / steps;
}
/// A way that cannot run drops out and says why.
template <class Work>
bool tried(const way& w, const Work& work) {
    try {
        work();
        return true;
    } catch (const std::exception& e) {
        answer("{\"way\": " + quoted(w.name) + ", \"error\": " + quoted(e.what()) + "}");
        return false;
    }
}
inline void warm_up(job& j) {
    std::erase_if(j.ways, [](way& w) {
        return !tried(w, [&] {
            seconds_of(w, on_gpu ? 4 : 1);  // plans, captures, loads kernels
            w.step_seconds = seconds_of(w, on_gpu ? 2 : 1);
        });
    });
    answer("{\"parameters\": " + std::to_string(j.parameters) + ", \"bytes\": " + formatted(j.bytes) +
           ", \"flops\": " + formatted(j.flops) + "}");
}
inline void sample(job& j, double seconds) {
    for (way& w : j.ways)
        tried(w, [&] {
            const int steps = std::clamp(int(seconds / w.step_seconds), 1, 5000);
            seconds_of(w, 1);
            w.step_seconds = seconds_of(w, steps);
            answer("{\"way\": " + quoted(w.name) + ", \"ms\": " + formatted(w.step_seconds * 1e3) + "}");
        });
}

inline void obey(const std::string& line, const offer& o, job& current) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "check") {
        std::string path;
        words >> path;
        expected_numbers file(path, false);
        o.check(file);
    } else if (verb == "prepare") {
        std::string net, kind, ways = "all";
        int batch = 0;
        words >> net >> kind >> batch >> ways;
        current = {};
        current = o.prepare(net, kind, batch, ways);
        warm_up(current);
    } else if (verb == "time") {
        double milliseconds = 20;
        words >> milliseconds;
        sample(current, milliseconds * 1e-3);
    } else if (verb == "drop") {
        current = {};
    } else {
        weft::raise("no such request", verb, "there are check, prepare, time and drop");
    }
}

inline int serve(int argc, char** argv, const offer& o) {
    try {
        if (argc == 3 && std::string(argv[1]) == "reference") {
            expected_numbers file(argv[2], true);
            o.reference(file);
            return 0;
        }
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
    job current;
    for (std::string line; std::getline(std::cin, line);) {
        try {
            obey(line, o, current);
        } catch (const std::exception& e) {
            current = {};
            answer("{\"error\": " + quoted(e.what()) + "}");
        }
        answer("{\"done\": true}");
    }
    return 0;
}

}  // namespace bench
