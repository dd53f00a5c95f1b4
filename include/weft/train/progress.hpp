#pragma once
/// What is printed while training. No errors.
///
///     model<net, cpu> model{seed{1}};
///     fit(model, flowers, softmax_cross_entropy, adam{}, {.progress = {.style = progress_style::silent}});
///     const progress_options options{.style = progress_style::log, .stream = stderr};
///     progress_line line(3, 100, options);  // in a loop of your own: 3 epochs of 100 batches
///     line.update(1, 32, 0.7, 0.5);
///     line.end_epoch({.epoch = 1, .loss = 0.6});
///     const double now = steady_seconds();

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "detail/text.hpp"
#include "history.hpp"

namespace weft {

/// Where and how progress is shown.
enum class progress_style {
    automatic,  ///< terminal where the stream is one, else log
    terminal,   ///< one line, redrawn in place at most ten times a second
    log,        ///< plain lines: one per epoch, and one every 30 seconds within
    silent,     ///< nothing
};

/// Seconds on a clock that never goes back.
inline double steady_seconds() {
    timespec t{};  // not <chrono>, which every program with a fit in it would spend 0.2 s compiling
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

/// How progress is shown: a member of `fit_options`.
struct progress_options {
    progress_style style = progress_style::automatic;
    std::FILE* stream = stdout;
    int width = 0;                        ///< columns of a terminal; 0: ask it each time
    double (*clock)() = &steady_seconds;  ///< seconds
};

/// Tells how training goes: a bar with batch, loss, accuracy, samples per second and time left on a terminal,
/// a few plain lines in a log file (no control characters).
class progress_line {
public:
    /// Training of epochs `first_epoch` to `epochs` of `batches` batches each, from now.
    progress_line(int epochs, std::int64_t batches, progress_options options = {}, int first_epoch = 1)
        : options_(options),
          epochs_(epochs),
          epoch_(first_epoch),
          first_epoch_(first_epoch),
          batches_(batches) {
        if (options_.style == progress_style::automatic) {
            const bool terminal = ::isatty(::fileno(options_.stream)) != 0;
            options_.style = terminal ? progress_style::terminal : progress_style::log;
        }
        began_ = epoch_began_ = last_shown_ = options_.clock();
        if (options_.style == progress_style::terminal) last_shown_ -= 1.0;
    }
    progress_line(const progress_line&) = delete;
    progress_line& operator=(const progress_line&) = delete;
    /// Leaves what is on the terminal's line there, and the cursor below it.
    ~progress_line() {
        if (drawn_ > 0) write("\n");
    }

    /// After a batch: how many of the epoch are done (from 1), how many samples they had, and their mean loss
    /// and accuracy (NaN where there is none). Cheap where nothing is due to be shown.
    void update(std::int64_t batch, std::int64_t samples, double loss, double accuracy = std::nan("")) {
        if (options_.style == progress_style::silent) return;
        const double now = options_.clock();
        const bool terminal = options_.style == progress_style::terminal;
        if (now - last_shown_ < (terminal ? 0.1 : 30.0)) return;
        last_shown_ = now;
        const double passed = now - epoch_began_;
        state s{batch, loss, accuracy, passed > 0 ? double(samples) / passed : std::nan(""),
                time_left(now, double(batch) / double(batches_ > 0 ? batches_ : 1))};
        if (terminal) {
            redraw(s);
        } else {
            write(epoch_text() + "  batch " + batch_text(s) + fields(s, true) + left_text(s.left) + "\n");
        }
    }

    /// After an epoch, its validation included: one line that stays.
    void end_epoch(const epoch_record& record) {
        const double now = options_.clock();
        if (options_.style != progress_style::silent) {
            const std::string line = epoch_line(record, time_left(now, 1.0));
            const std::size_t blank = drawn_ > line.size() ? drawn_ - line.size() : 0;
            write((drawn_ > 0 ? "\r" : "") + line + std::string(blank, ' ') + "\n");
            drawn_ = 0;
        }
        ++epoch_;
        epoch_began_ = last_shown_ = now;
    }

    /// A line that stays, such as why training ends.
    void note(const std::string& text) {
        if (options_.style == progress_style::silent) return;
        write((drawn_ > 0 ? "\n" : "") + text + "\n");
        drawn_ = 0;
    }

private:
    struct state {
        std::int64_t batch;
        double loss, accuracy, rate, left;
    };

    /// Seconds until the end, `part` of the present epoch being done.
    double time_left(double now, double part) const {
        const double done = double(epoch_ - first_epoch_) + part;
        return done > 0 ? (now - began_) / done * (double(epochs_ - first_epoch_ + 1) - done) : std::nan("");
    }

    /// As much of the record as the width of a terminal holds, the losses and accuracies in any case.
    std::string epoch_line(const epoch_record& r, double left) const {
        std::string line = epoch_text() + "  loss " + loss_text(r.loss);
        if (!std::isnan(r.accuracy)) line += "  accuracy " + percent(r.accuracy);
        const bool loss = !std::isnan(r.validation_loss), accuracy = !std::isnan(r.validation_accuracy);
        if (loss || accuracy) line += "  validation ";
        if (loss) line += loss_text(r.validation_loss) + (accuracy ? ", " : "");
        if (accuracy) line += percent(r.validation_accuracy);
        for (const metric_value& own : r.metrics) line += "  " + own.name + " " + loss_text(own.value);
        std::string more[3];
        if (!std::isnan(r.seconds)) more[0] = "  " + detail::pad_left(detail::time_text(r.seconds), 6);
        if (!std::isnan(r.samples_per_second)) more[1] = rate_text(r.samples_per_second);
        if (epoch_ < epochs_) more[2] = left_text(left);
        for (const std::string& part : more) {
            if (options_.style == progress_style::terminal && line.size() + part.size() > columns()) break;
            line += part;
        }
        return line;
    }

    static std::string loss_text(double loss) { return detail::pad_right(detail::short_number(loss), 6); }
    static std::string rate_text(double rate) {
        return "  " + detail::pad_left(detail::count_text(rate), 5) + " samples/s";
    }
    static std::string percent(double part) {
        return detail::pad_left(detail::fixed(100 * part, 2), 5) + "%";
    }
    std::string epoch_text() const {
        const std::string all = std::to_string(epochs_);
        return "epoch " + detail::pad_left(std::to_string(epoch_), all.size()) + "/" + all;
    }
    std::string batch_text(const state& s) const {
        const std::string all = std::to_string(batches_);
        return detail::pad_left(std::to_string(s.batch), all.size()) + "/" + all;
    }
    static std::string fields(const state& s, bool words) {
        std::string out = "  loss " + loss_text(s.loss);
        if (!std::isnan(s.accuracy)) out += (words ? "  accuracy " : "  acc ") + percent(s.accuracy);
        if (!std::isnan(s.rate)) {
            out += words ? rate_text(s.rate) : "  " + detail::pad_left(detail::count_text(s.rate), 5) + "/s";
        }
        return out;
    }
    static std::string left_text(double left) {
        return std::isnan(left) ? "" : "  " + detail::pad_left(detail::time_text(left), 6) + " left";
    }

    /// What fits into `room` columns: words get shorter, the batch goes, the bar goes, then the other fields.
    std::string fit(const state& s, std::size_t room) const {
        const std::string head = epoch_text(), batch = "  " + batch_text(s), left = left_text(s.left);
        const std::string loss = "  loss " + loss_text(s.loss), brief = fields(s, false) + left;
        for (const std::string& tail : {batch + fields(s, true) + left, batch + brief, brief}) {
            const std::size_t used = head.size() + tail.size() + 3;
            if (used + 8 <= room)
                return head + " [" + bar(s, std::min<std::size_t>(room - used, 30)) + "]" + tail;
        }
        for (const std::string& line : {head + brief, head + loss + left, head + loss}) {
            if (line.size() <= room) return line;
        }
        return (head + loss).substr(0, room);
    }

    std::string bar(const state& s, std::size_t cells) const {
        const double part = batches_ > 0 ? double(s.batch) / double(batches_) : 0.0;
        const std::size_t full = part >= 1 ? cells : part > 0 ? std::size_t(part * double(cells)) : 0;
        return detail::pad_right(std::string(full, '=') + (full < cells ? ">" : ""), cells);
    }

    void redraw(const state& s) {
        const std::size_t room = columns();
        std::string line = fit(s, room);
        const std::size_t length = line.size(), old = drawn_ < room ? drawn_ : room;
        if (length < old) line.append(old - length, ' ');
        write("\r" + line);
        drawn_ = length > 0 ? length : 1;
    }

    /// The last column stays free: some terminals wrap as soon as it is written.
    std::size_t columns() const {
        const int width = options_.width > 0 ? options_.width : terminal_width(options_.stream);
        return std::size_t(width - 1);
    }
    /// From the terminal, else from COLUMNS, else 80.
    static int terminal_width(std::FILE* stream) {
        winsize size{};
        if (::ioctl(::fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
        const char* columns = std::getenv("COLUMNS");
        const int width = columns ? std::atoi(columns) : 0;
        return width > 0 ? width : 80;
    }

    void write(const std::string& text) const {
        std::fwrite(text.data(), 1, text.size(), options_.stream);
        std::fflush(options_.stream);
    }

    progress_options options_;
    int epochs_, epoch_, first_epoch_;
    std::int64_t batches_;
    double began_ = 0, epoch_began_ = 0, last_shown_ = 0;
    std::size_t drawn_ = 0;  // columns of the line that stands on the terminal
};

}  // namespace weft
