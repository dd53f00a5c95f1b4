#pragma once

#include <memory>
#include <weft/backend/reference/policy.hpp>
#include <weft/graph/flops.hpp>
#include <weft/train/trainer.hpp>

#include "resident.hpp"
#include "worker.hpp"

namespace bench {

/// A network with its loss and optimiser: its reference, its checks and its rows. What layers compute is held
/// as `Stored`.
template <auto Net, class Loss, class Optimizer, bool ByLibrary = true, class Stored = float>
struct subject {
    using network = std::remove_cvref_t<decltype(Net)>;
    using own_policy = weft::cuda_policy<device, float, Stored>;
    using library_policy = weft::cuda_policy<library, float, Stored>;
    using inference = weft::program_for<own_policy, network>;
    using training = weft::program_for<own_policy, network, Loss, weft::purpose::training>;
    using fused_policy = fused_on_sm90<own_policy>;
    static constexpr std::size_t inputs = network::input_type::size, outputs = network::output_type::size,
                                 targets = std::size_t(training::source.target_size);
    static constexpr int classes = Loss::takes_labels ? int(outputs) : 0;

    const char* name;
    int check_batch, check_steps;
    double gradient_limit = 2e-4;

    /// Predictions, the first step's gradients (some), the steps' losses, and predictions afterwards.
    struct outcome {
        std::vector<double> before, gradients, losses, after;
        void each(auto&& f) { (f(before), f(gradients), f(losses), f(after)); }
    };
    /// What a vector of many is represented by.
    template <class Numbers>
    static std::vector<double> some_of(const Numbers& all) {
        std::vector<double> result;
        for (std::size_t i = 0; i < all.size(); i += all.size() / 65536 + 1) result.push_back(double(all[i]));
        return result;
    }
    template <class Target>
    static std::vector<Target> host_targets(std::size_t samples) {
        return host_numbers<Target>(samples * targets, target_numbers{classes});
    }

    void reference(expected_numbers& file) const {
        using policy = weft::reference_policy<double>;
        const std::size_t samples = std::size_t(check_batch);
        const auto x = host_numbers<double>(samples * inputs, sample_numbers{});
        const auto y = host_targets<std::conditional_t<Loss::takes_labels, int, double>>(samples);
        weft::model<Net, policy> m{weft::seed{1}, weft::batch_capacity{check_batch}};
        weft::trainer train{m, Loss{}, Optimizer{}, weft::batch_capacity{check_batch}};
        outcome o;
        o.before.resize(samples * outputs);
        o.after.resize(o.before.size());
        m.predict(x, o.before);
        for (int step = 0; step < check_steps; ++step) {
            o.losses.push_back(train.step(x, y));
            if (step == 0) o.gradients = some_of(train.gradients());
        }
        m.predict(x, o.after);
        o.each([&](const std::vector<double>& v) { file.write(v); });
    }

    void check(expected_numbers& file) const {
        outcome want;
        want.each([&](std::vector<double>& v) { v = file.read(); });
        check_way<own_policy>("policy", want);
        if constexpr (own_policy::template runs_whole<training>() ||
                      own_policy::template runs_whole<inference>())
            check_way<by_operations<own_policy>>("operations", want);
        if constexpr (fused_policy::template runs_whole<training>() ||
                      fused_policy::template runs_whole<inference>())
            check_way<fused_policy>("fused", want);
        if constexpr (ByLibrary) check_way<by_operations<library_policy>>("cublasLt", want);
    }

    job prepare(const std::string& kind, int batch, const std::string& ways) const {
        job j;
        j.parameters = std::size_t(inference::source.parameter_size);
        const double samples = batch;
        if (kind == "inference") {
            j.bytes = samples * double(inputs + outputs) * sizeof(float);
            j.flops = products<inference>() * samples;
            fill<inference, no_optimizer>(j, batch, ways);
        } else if (kind == "training") {
            // samples and targets once; parameters and the optimiser's slots are read and written
            j.bytes = sizeof(float) * (samples * double(inputs + targets) +
                                       double(j.parameters) * (3 + 2 * Optimizer::slots));
            j.flops = products<training>() * samples;
            fill<training, Optimizer>(j, batch, ways);
        } else if (kind == "host") {
            j.bytes = samples * double(inputs + targets) * sizeof(float);
            if (wanted(ways, "policy")) j.ways.push_back({"policy", whole_steps(batch)});
        } else {
            weft::raise("no such row", kind, "there are inference, training and host");
        }
        return j;
    }

private:
    /// Operations of matrix products and convolutions, per sample.
    template <class Program>
    static double products() {
        double sum = 0;
        for (int i = 0; i < Program::graph.node_count; ++i)
            sum +=
                2 * double(weft::graph::multiply_adds(Program::graph.nodes[std::size_t(i)], Program::facts));
        return sum;
    }
    template <class Policy>
    void check_way(const char* way, const outcome& want) const {
        const data on_device(check_batch);
        const numbers first;
        outcome got;
        resident<Policy, inference> before(first.parameters, first.statistics, on_device.x.data(), {},
                                           check_batch);
        before.start();
        before.start();  // now as a graph
        got.before = as_doubles(before.output());
        resident<Policy, training, Optimizer> train(first.parameters, first.statistics, on_device.x.data(),
                                                    on_device.y.data(), check_batch);
        for (int step = 0; step < check_steps; ++step) {
            const double scale = train.scale();
            train.set_step(step + 1);
            train.start();
            got.losses.push_back(double(train.loss()));
            if (step == 0) got.gradients = some_of(train.gradients());
            if (step == 0)
                for (double& g : got.gradients) g /= scale;
        }
        resident<Policy, inference> after(train.parameters(), train.statistics(), on_device.x.data(), {},
                                          check_batch);
        after.start();
        got.after = as_doubles(after.output());
        const std::string head = std::string(name) + ", " + way + ", ";
        report(head + "predictions", got.before, want.before, 2e-5 + 4 * rounding);
        report(head + "gradients", got.gradients, want.gradients, gradient_limit + 16 * rounding);
        report(head + "losses", got.losses, want.losses, 1e-3 + 4 * rounding);
        report(head + "predictions after training", got.after, want.after, 2e-2 + 8 * rounding);
    }
    static constexpr double rounding = [] {
        if constexpr (std::is_same_v<Stored, float>)
            return 0.0;
        else
            return double(Stored::epsilon);
    }();
    static std::vector<double> as_doubles(const std::vector<float>& x) { return {x.begin(), x.end()}; }

    struct data {
        device_numbers<float> x, y;
        explicit data(int batch)
            : x(filled(std::size_t(batch) * inputs, sample_numbers{})),
              y(filled(std::size_t(batch) * targets, target_numbers{classes})) {}
    };
    /// What a model starts with.
    struct numbers {
        std::vector<float> parameters, statistics;
        numbers() {
            weft::model<Net, weft::reference_policy<float>> m{weft::seed{1}, weft::batch_capacity{1}};
            const auto p = m.parameters(), s = m.statistics();
            parameters.assign(p.begin(), p.end());
            statistics.assign(s.begin(), s.end());
        }
    };

    template <class Program, class Rule>
    static void fill(job& j, int batch, const std::string& ways) {
        const auto on_device = std::make_shared<data>(batch);
        const numbers first;
        const auto add = [&]<class Policy>(std::type_identity<Policy>, const char* way) {
            if (!wanted(ways, way)) return;
            tried({way, {}}, [&] {
                const auto runs = std::make_shared<resident<Policy, Program, Rule>>(
                    first.parameters, first.statistics, on_device->x.data(), on_device->y.data(), batch);
                runs->set_step(1000);
                j.ways.push_back({way, [runs, on_device] { runs->start(); }});
            });
        };
        add(std::type_identity<own_policy>(), "policy");
        if constexpr (own_policy::template runs_whole<Program>())
            add(std::type_identity<by_operations<own_policy>>(), "operations");
        if constexpr (fused_policy::template runs_whole<Program>())
            add(std::type_identity<fused_policy>(), "fused");
        if constexpr (ByLibrary) add(std::type_identity<by_operations<library_policy>>(), "cublasLt");
    }

    /// A user's steps: samples come from the host, and each step's loss is read.
    static std::function<void()> whole_steps(int batch) {
        struct training_run {
            weft::model<Net, own_policy> m;
            weft::trainer<weft::model<Net, own_policy>, Loss, Optimizer> train;
            explicit training_run(int n)
                : m(weft::seed{1}, weft::batch_capacity{1}),
                  train(m, Loss{}, Optimizer{}, weft::batch_capacity{n}) {}
        };
        const std::size_t samples = std::size_t(batch);
        const auto runs = std::make_shared<training_run>(batch);
        const auto x = host_numbers<float>(samples * inputs, sample_numbers{});
        const auto y = host_targets<float>(samples);
        std::copy(x.begin(), x.end(), runs->train.batch_inputs(samples).begin());
        std::copy(y.begin(), y.end(), runs->train.batch_targets(samples).begin());
        return [runs, samples] { static_cast<void>(runs->train.step_loaded(samples)); };
    }
};

}  // namespace bench
