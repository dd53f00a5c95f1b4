#pragma once
/// How training went.
///
///     model<net, cpu> model{seed{1}};
///     const history seen = fit(model, flowers, softmax_cross_entropy, adam{},
///                              {.epochs = 20, .validation = &more_flowers});
///     for (const epoch_record& each : seen) std::printf("%d %.4f\n", each.epoch, each.loss);
///     for (const metric_value& each : seen.back().metrics) std::puts(each.name.c_str());  // of callbacks
///     if (const epoch_record* best = seen.best()) std::printf("best in epoch %d\n", best->epoch);
///     seen.write_csv("training.csv");
///     seen.write_svg("training.svg");

#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/atomic_file.hpp"
#include "detail/text.hpp"
#include "plot.hpp"

namespace weft {

/// A number that a user's own metric gave, by its name.
struct metric_value {
    std::string name;
    double value = std::nan("");
};

/// One epoch of training; NaN where something was not measured.
struct epoch_record {
    int epoch = 0;                              ///< from 1
    double loss = std::nan("");                 ///< mean over the epoch's samples, while training
    double accuracy = std::nan("");             ///< in [0, 1], while training; NaN if not a classifier
    double validation_loss = std::nan("");      ///< after the epoch
    double validation_accuracy = std::nan("");  ///< in [0, 1], after the epoch
    double learning_rate = std::nan("");        ///< of the epoch's last step
    double seconds = std::nan("");              ///< validation included
    double samples_per_second = std::nan("");   ///< while training
    std::vector<metric_value> metrics = {};     ///< what callbacks reported, in their order

    /// One of the numbers by its name: "loss", "accuracy", "validation_loss", "validation_accuracy", or a
    /// reported metric's; NaN where there is none.
    double number(std::string_view name) const {
        if (name == "loss") return loss;
        if (name == "accuracy") return accuracy;
        if (name == "validation_loss") return validation_loss;
        if (name == "validation_accuracy") return validation_accuracy;
        for (const metric_value& each : metrics)
            if (each.name == name) return each.value;
        return std::nan("");
    }
};

/// What fit returns: a record per epoch, in order.
class history {
public:
    using value_type = epoch_record;

    std::size_t size() const { return records_.size(); }
    bool empty() const { return records_.empty(); }
    const epoch_record& operator[](std::size_t i) const { return records_[i]; }
    const epoch_record& front() const { return records_.front(); }
    const epoch_record& back() const { return records_.back(); }
    auto begin() const { return records_.begin(); }
    auto end() const { return records_.end(); }
    void push_back(const epoch_record& record) { records_.push_back(record); }
    /// Why training ended before the last epoch that was asked for; empty where it did not.
    const std::string& stopped_by() const { return stopped_by_; }
    void note_stop(std::string why) { stopped_by_ = std::move(why); }

    /// The record with the lowest validation loss (training loss where there is none), the first among
    /// equals; null where no loss is a number.
    const epoch_record* best() const {
        const epoch_record* result = nullptr;
        bool validated = false;
        for (const epoch_record& r : records_) validated = validated || !std::isnan(r.validation_loss);
        const auto loss = validated ? &epoch_record::validation_loss : &epoch_record::loss;
        for (const epoch_record& r : records_) {
            if (!std::isnan(r.*loss) && (!result || r.*loss < result->*loss)) result = &r;
        }
        return result;
    }

    /// A header and a line per epoch; what is NaN is left empty. Reported metrics are the last columns.
    std::string csv() const {
        std::string out =
            "epoch,loss,accuracy,validation_loss,validation_accuracy,learning_rate,seconds,samples_per_"
            "second";
        const std::vector<std::string> own = metric_names();
        for (const std::string& name : own) out += "," + quoted(name);
        out += '\n';
        for (const epoch_record& r : records_) {
            out += std::to_string(r.epoch);
            for (double x : {r.loss, r.accuracy, r.validation_loss, r.validation_accuracy, r.learning_rate,
                             r.seconds, r.samples_per_second}) {
                out += ',';
                if (!std::isnan(x)) out += detail::general(x, 9);
            }
            for (const std::string& name : own) {
                out += ',';
                if (const double x = r.number(name); !std::isnan(x)) out += detail::general(x, 9);
            }
            out += '\n';
        }
        return out;
    }
    /// Writes csv() to a file: it is afterwards as before or complete. Links are followed; error for what is
    /// no regular file, or may not be written.
    void write_csv(const std::string& path) const { detail::write_file(path, csv()); }

    /// Loss and, for a classifier, accuracy against epochs, training and validation, as an SVG image.
    std::string svg() const {
        std::vector<plot_panel> panels(1);
        panels[0] = {.title = "Loss", .lines = lines(&epoch_record::loss, &epoch_record::validation_loss)};
        panels[0].log_if_wide = true;
        plot_panel accuracy{.title = "Accuracy",
                            .lines = lines(&epoch_record::accuracy, &epoch_record::validation_accuracy)};
        accuracy.percent = true;
        if (accuracy.lines[0].has_points() || accuracy.lines[1].has_points()) panels.push_back(accuracy);
        for (plot_panel& panel : panels) {
            panel.x_label = "epoch";
            panel.note = best_note(panel.lines[1], panel.percent);
        }
        return plot_svg(panels);
    }
    /// Writes svg() to a file, as write_csv does.
    void write_svg(const std::string& path) const { detail::write_file(path, svg()); }

private:
    std::vector<std::string> metric_names() const {
        std::vector<std::string> names;
        for (const epoch_record& r : records_)
            for (const metric_value& each : r.metrics) {
                bool known = false;
                for (const std::string& name : names) known = known || name == each.name;
                if (!known) names.push_back(each.name);
            }
        return names;
    }
    /// A CSV field, in quotes where it needs them.
    static std::string quoted(const std::string& name) {
        if (name.find_first_of(",\"\r\n") == name.npos) return name;
        std::string out = "\"";
        for (const char c : name) out += c == '"' ? std::string(2, c) : std::string(1, c);
        return out + '"';
    }
    std::vector<plot_series> lines(double epoch_record::*training, double epoch_record::*validation) const {
        std::vector<plot_series> result{{"training", {}}, {"validation", {}}};
        for (const epoch_record& r : records_) {
            result[0].points.push_back({double(r.epoch), r.*training});
            result[1].points.push_back({double(r.epoch), r.*validation});
        }
        return result;
    }

    /// "best validation 0.0312 in epoch 7"; nothing where no epoch is better than another.
    static std::string best_note(const plot_series& validation, bool highest) {
        const plot_point* best = nullptr;
        bool varies = false;
        for (const plot_point& p : validation.points) {
            if (!p.finite()) continue;
            varies = varies || (best && p.y != best->y);
            if (!best || (highest ? p.y > best->y : p.y < best->y)) best = &p;
        }
        if (!varies) return {};
        return "best validation " +
               (highest ? detail::percent_text(best->y) : detail::short_number(best->y)) + " in epoch " +
               detail::fixed(best->x, 0);
    }

    std::vector<epoch_record> records_;
    std::string stopped_by_;
};

}  // namespace weft
