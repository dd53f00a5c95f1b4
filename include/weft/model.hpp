#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/policies.hpp"
#include "backend/reference/policy.hpp"
#include "core/error.hpp"
#include "core/named_tensor.hpp"
#include "core/samples.hpp"
#include "initialize.hpp"
#include "workspace.hpp"

namespace weft {

/// The error of a model of something that is no network.
template <class Expression>
struct not_a_network {
    static_assert(detail::never<Expression>,
                  "weft: a model needs a network: an expression that starts with input<…>");
};
/// The error of a policy that is only declared.
template <class Policy>
struct policy_without_header {
    static_assert(detail::never<Policy>,
                  "weft: this policy needs its header: #include <weft/cuda.hpp> for weft::cuda, in a program "
                  "that nvcc builds");
};

namespace detail {

/// A hash table, so that the time stays linear in the number of parameters.
template <int N>
constexpr bool names_differ(const graph::array<graph::parameter_record, N>& parameters) {
    graph::array<int, 2 * N + 1> table{};  // index of a parameter, plus 1
    for (int i = 0; i < N; ++i) {
        std::size_t at = parameters[i].name_hash % table.size();
        for (; table[at]; at = (at + 1) % table.size()) {
            const graph::parameter_record& other = parameters[table[at] - 1];
            if (other.name_hash == parameters[i].name_hash &&
                std::string_view(other.name) == parameters[i].name)
                return false;
        }
        table[at] = i + 1;
    }
    return true;
}

template <class Model, class Loss, class Optimizer>
class trainer_base;

}  // namespace detail

/// A network with numbers in it: parameters and running statistics, on one policy. Does not compile for
/// something that is no network, or on what is no policy; then that is the only error, whatever a program
/// goes on to do with it.
///
///     model<net, cpu> model{seed{1}};
///     std::vector<float> logits(3 * flowers.size());
///     model.predict(flowers.inputs, logits);
///     for (const auto& tensor : model.state()) std::printf("%s\n", tensor.name.c_str());
///     model.parameter("0.bias")[0] = 0.5f;
///
/// Threads may share a `const` model; each brings a workspace of its own:
///
///     const model<net, cpu> model{seed{1}};
///     decltype(model)::inference_workspace space(batch_capacity{64});
///     std::vector<float> logits(3 * flowers.size());
///     model.predict(flowers.inputs, logits, space);
template <auto Expression, class Policy>
class model {
public:
    using scalar = float;
    static constexpr std::size_t input_size = 1, output_size = 1;

    template <class... Arguments>
    explicit model(Arguments&&...) {
        if constexpr (Network<std::remove_cvref_t<decltype(Expression)>>)
            static_cast<void>(sizeof(policy_without_header<Policy>));
        else if constexpr (!is_poison<std::remove_cvref_t<decltype(Expression)>>)
            static_cast<void>(sizeof(not_a_network<std::remove_cvref_t<decltype(Expression)>>));
    }
    template <class... Arguments>
    std::vector<scalar> predict(Arguments&&...) const {
        return {};
    }
    std::vector<int> classify(std::span<const scalar>) const { return {}; }
    std::span<scalar> parameters() const { return {}; }
    std::span<scalar> statistics() const { return {}; }
    std::span<scalar> parameter(std::string_view) const { return {}; }
    std::vector<named_tensor<scalar>> state() const { return {}; }
    seed random_seed() const { return {}; }
};

/// A model of a network, not of an error.
template <class Model>
concept sound_model = requires {
    typename Model::network;
};

template <auto Expression, class Policy>
requires Network<std::remove_cvref_t<decltype(Expression)>> &&
    (sizeof(Policy) > 0) class model<Expression, Policy> {
public:
    using network = std::remove_cvref_t<decltype(Expression)>;
    using policy = Policy;
    using scalar = typename Policy::scalar;
    using inference = program_for<Policy, network>;
    using inference_workspace = workspace<Policy, inference>;
    using memory = memory_of<Policy>;
    /// The same network on the host.
    using host_model =
        model<Expression, std::conditional_t<memory::on_host, Policy, reference_policy<scalar>>>;

    /// Numbers of a sample, and of a prediction.
    static constexpr std::size_t input_size = network::input_type::size,
                                 output_size = network::output_type::size;
    static_assert(detail::names_differ(inference::source.parameters),
                  "weft: two parameters have the same name; named<…> must differ");

    /// Fresh parameters from the seed, and a workspace for predictions of `capacity` samples at a time.
    explicit model(seed s = {}, batch_capacity capacity = {})
        : seed_(s),
          parameters_(std::size_t(inference::source.parameter_size)),
          state_(std::size_t(inference::source.state_size)),
          workspace_(capacity) {
        if constexpr (memory::on_host) {
            std::uint64_t index = 0;
            for (const graph::parameter_record& p : inference::source.parameters)
                initialize(values(*this, p), p, s, index++);
        } else {
            assign(host_model(s, batch_capacity{1}));
        }
    }

    /// A copy has numbers and a workspace of its own. There is no other way to move a model: a trainer may
    /// hold the addresses of its numbers, so they stay with it.
    model(const model& other)
        : seed_(other.seed_),
          parameters_(other.parameters_.size()),
          state_(other.state_.size()),
          workspace_(batch_capacity{other.workspace_.capacity()}) {
        assign(other);
    }
    /// Takes over the numbers and the seed; addresses and the capacity stay, and a trainer goes on from here.
    model& operator=(const model& other) {
        assign(other);
        seed_ = other.seed_;
        return *this;
    }

    /// Takes over the parameters and statistics of a model of the same network on any policy.
    template <class Other>
    void assign(const model<Expression, Other>& other) {
        copy<model<Expression, Other>>(other.parameters_, parameters_);
        copy<model<Expression, Other>>(other.state_, state_);
    }
    /// A copy on the host, for a policy that keeps its numbers elsewhere.
    host_model on_host() const requires(!memory::on_host) {
        host_model result(seed_, batch_capacity{1});
        result.assign(*this);
        return result;
    }

    /// The seed that the parameters came from; training draws from it too.
    seed random_seed() const { return seed_; }

    /// Predicts for inputs.size() / input_size samples, row-major, into outputs. Error where the sizes do not
    /// fit.
    void predict(std::span<const scalar> inputs, std::span<scalar> outputs) {
        predict(inputs, outputs, workspace_);
    }
    /// The outputs of all samples, one after the other.
    std::vector<scalar> predict(std::span<const scalar> inputs) {
        std::vector<scalar> outputs(inputs.size() / input_size * output_size);
        predict(inputs, outputs);
        return outputs;
    }
    /// Also from and into matrices and tensors of Eigen's, a row (or what follows the first index) for each
    /// sample, where they lie as they are: row-major. Of a column-major one with a sample in each column give
    /// its transpose().
    template <class Inputs, class Outputs>
    requires(detail::matrix_like<Inputs> || detail::matrix_like<Outputs>) void predict(const Inputs& inputs,
                                                                                       Outputs&& outputs) {
        predict(detail::numbers_in<const scalar>(inputs), detail::numbers_in<scalar>(outputs));
    }
    template <detail::matrix_like Inputs>
    std::vector<scalar> predict(const Inputs& inputs) {
        return predict(detail::numbers_in<const scalar>(inputs));
    }
    /// As predict, and looks at what goes in and comes out: error that names the first sample with a number
    /// that is not finite. The outputs are written all the same.
    void predict_checked(std::span<const scalar> inputs, std::span<scalar> outputs) {
        detail::check_samples("cannot predict", inputs, input_size, "input");
        predict(inputs, outputs);
        detail::check_samples<scalar>("cannot predict", outputs, output_size, "output");
    }
    /// The class of each sample: the place of its largest output, the first among equals. Error that names
    /// the first sample with an output that is not a number.
    std::vector<int> classify(std::span<const scalar> inputs) {
        static_assert(output_size > 1, "weft: classify takes the largest output, and this network has one");
        const std::vector<scalar> outputs = predict(inputs);
        std::vector<int> classes(outputs.size() / output_size);
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            int& best = classes[i / output_size];
            if (outputs[i] != outputs[i])
                raise("cannot classify", "sample " + std::to_string(i / output_size),
                      "its output " + std::to_string(i % output_size) + " is not a number");
            if (outputs[i] > outputs[i - i % output_size + std::size_t(best)]) best = int(i % output_size);
        }
        return classes;
    }
    /// The class of one sample.
    int classify_one(std::span<const scalar> input) {
        if (input.size() != input_size)
            raise("cannot classify", std::to_string(input.size()) + " inputs",
                  "one sample has " + std::to_string(input_size));
        return classify(input).front();
    }
    /// The same on a model that threads share: each brings a workspace of its own.
    void predict(std::span<const scalar> inputs, std::span<scalar> outputs,
                 inference_workspace& space) const {
        const std::size_t batch = samples_in(inputs.size(), outputs.size());
        bindings<scalar, memory> b = bound();
        for (std::size_t first = 0; first < batch; first += std::size_t(space.capacity())) {
            const std::size_t count = std::min(batch - first, std::size_t(space.capacity()));
            b.input = space.load(inputs.subspan(first * input_size, count * input_size));
            space.run(b, int(count));
            space.read(inference::source.output, b,
                       outputs.subspan(first * output_size, count * output_size));
        }
    }

    /// Predicts for samples that lie in the device's memory, into room for their outputs there: samples x
    /// input_size numbers and samples x output_size. Waits for nothing; what is started later sees the
    /// outputs.
    void predict(typename memory::template pointer<const scalar> inputs,
                 typename memory::template pointer<scalar> outputs,
                 std::size_t samples) requires(!memory::on_host) {
        predict(inputs, outputs, samples, workspace_);
    }
    void predict(typename memory::template pointer<const scalar> inputs,
                 typename memory::template pointer<scalar> outputs, std::size_t samples,
                 inference_workspace& space) const requires(!memory::on_host) {
        bindings<scalar, memory> b = bound();
        for (std::size_t first = 0; first < samples; first += std::size_t(space.capacity())) {
            const std::size_t count = std::min(samples - first, std::size_t(space.capacity()));
            b.input = inputs + std::ptrdiff_t(first * input_size);
            space.run(b, int(count));
            memory::template copy<scalar>(space.value(inference::source.output, b),
                                          outputs + std::ptrdiff_t(first * output_size), count * output_size);
        }
    }

    /// The same for vectors of the device's library (thrust::device_vector), or what gives its address alike.
    template <class Inputs, class Outputs>
    requires(!memory::on_host && detail::device_range<Inputs> &&
             detail::device_range<Outputs>) void predict(const Inputs& inputs, Outputs& outputs) {
        predict(detail::numbers_there<memory, const scalar>(inputs),
                detail::numbers_there<memory, scalar>(outputs), samples_in(inputs.size(), outputs.size()));
    }

    /// All trained parameters, in state_dict order, one after the other.
    std::span<scalar> parameters() requires memory::on_host { return parameters_.span(); }
    std::span<const scalar> parameters() const requires memory::on_host { return parameters_.span(); }
    /// All running statistics.
    std::span<scalar> statistics() requires memory::on_host { return state_.span(); }
    std::span<const scalar> statistics() const requires memory::on_host { return state_.span(); }

    /// One parameter or statistic by its name, such as "0.weight". Error for an unknown name.
    std::span<scalar> parameter(std::string_view name) requires memory::on_host {
        return values(*this, record(name));
    }
    std::span<const scalar> parameter(std::string_view name) const requires memory::on_host {
        return values(*this, record(name));
    }

    /// Every parameter and statistic with its name and shape, in state_dict order.
    std::vector<named_tensor<scalar>> state() requires memory::on_host { return named<scalar>(*this); }
    std::vector<named_tensor<const scalar>> state() const requires memory::on_host {
        return named<const scalar>(*this);
    }

    /// The declaration of a parameter. Error for an unknown name.
    static const graph::parameter_record& record(std::string_view name) {
        for (const graph::parameter_record& p : inference::source.parameters)
            if (p.name == name) return p;
        std::string known;
        for (const graph::parameter_record& p : inference::source.parameters)
            known += (known.empty() ? "" : ", ") + std::string(p.name);
        raise("no such parameter", std::string(name), "the model has " + (known.empty() ? "none" : known));
    }

private:
    /// The samples in so many numbers. Error where the outputs' room is not theirs.
    static std::size_t samples_in(std::size_t inputs, std::size_t outputs) {
        const std::size_t samples = inputs / input_size;
        if (inputs != samples * input_size || outputs != samples * output_size)
            raise("cannot predict",
                  std::to_string(inputs) + " inputs and room for " + std::to_string(outputs) + " outputs",
                  "each sample has " + std::to_string(input_size) + " inputs and " +
                      std::to_string(output_size) + " outputs");
        return samples;
    }
    /// Inference writes neither parameters nor statistics.
    bindings<scalar, memory> bound() const {
        auto& self = const_cast<model&>(*this);
        bindings<scalar, memory> b;
        b.parameters = self.parameters_.data();
        b.state = self.state_.data();
        return b;
    }
    template <class Self>
    static auto values(Self& self, const graph::parameter_record& p) {
        auto all = p.is_state ? self.state_.span() : self.parameters_.span();
        return all.subspan(std::size_t(p.offset), std::size_t(p.dims.size()));
    }
    template <class T, class Self>
    static std::vector<named_tensor<T>> named(Self& self) {
        std::vector<named_tensor<T>> result;
        for (const graph::parameter_record& p : inference::source.parameters)
            result.push_back(
                {p.name, std::vector<std::size_t>(p.dims.at, p.dims.at + p.dims.rank), values(self, p)});
        return result;
    }

    template <class From, class Buffer>
    static void copy(const Buffer& from, typename memory::template buffer<scalar>& to) {
        if constexpr (From::memory::on_host && memory::on_host) {
            for (std::size_t i = 0; i < from.size(); ++i) to[i] = scalar(from[i]);
        } else {
            std::vector<typename From::scalar> numbers(from.size());
            From::memory::template read<typename From::scalar>(from.data(), numbers);
            const std::vector<scalar> converted(numbers.begin(), numbers.end());
            memory::template write<scalar>(converted, to.data());
        }
    }

    template <auto, class>
    friend class model;
    template <class, class, class>
    friend class detail::trainer_base;

    seed seed_;
    typename memory::template buffer<scalar> parameters_, state_;
    inference_workspace workspace_;
};

/// A model on another policy, with the same parameters and statistics: `to<cuda>(model)`. Error where a
/// device's memory is short.
///
///     model<net, cpu> one{seed{1}};
///     auto four = to<cpu_policy<float, threads<4>>>(one);
template <class Policy, auto Expression, class From>
model<Expression, Policy> to(const model<Expression, From>& from, batch_capacity capacity = {}) {
    model<Expression, Policy> result(from.random_seed(), capacity);
    if constexpr (sound_model<model<Expression, From>> && sound_model<model<Expression, Policy>>)
        result.assign(from);
    return result;
}

/// The number of trained numbers of a network. Does not compile without an input.
///
///     static_assert(parameter_count(net) == 4 * 16 + 16 + 16 * 3 + 3);
template <class In, class Out, class... Layers>
constexpr int parameter_count(network<In, Out, Layers...>) {
    return program<network<In, Out, Layers...>>::source.parameter_size;
}

/// One sample through a network in a constant expression, on the reference policy. `parameters` in state_dict
/// order; running statistics are at their first values. Does not compile for another number of parameters.
///
///     constexpr auto line = input<1> >> dense<1>;
///     static_assert(evaluate_constant<line>(std::array{2.f, 1.f}, std::array{3.f})[0] == 7);
template <auto Net, class T, std::size_t P>
constexpr auto evaluate_constant(
    const std::array<T, P>& parameters,
    const std::array<T, std::remove_cvref_t<decltype(Net)>::input_type::size>& input) {
    using compiled = program<std::remove_cvref_t<decltype(Net)>>;
    static_assert(P == std::size_t(compiled::source.parameter_size),
                  "weft: this is not the network's number of parameters");
    std::array<T, std::size_t(compiled::plan.per_sample + compiled::plan.fixed + 1)> arena{};
    std::array<T, std::size_t(compiled::source.state_size + 1)> state{};
    for (const graph::parameter_record& p : compiled::source.parameters)
        if (p.is_state)
            for (int i = 0; i < p.dims.size(); ++i) state[std::size_t(p.offset + i)] = T(p.init.constant);
    const bindings<T> b{
        .input = input.data(), .parameters = const_cast<T*>(parameters.data()), .state = state.data()};
    const auto memory = detail::map_of<compiled>(b, arena.data(), 1);
    typename reference_policy<T>::resources none(0);
    for (int i = 0; i < compiled::graph.node_count; ++i)
        detail::run_operation<reference_policy<T>, compiled>(i, memory, 1, 0, 0, none);
    std::array<T, std::remove_cvref_t<decltype(Net)>::output_type::size> output{};
    const T* result = memory.locate(compiled::source.output);
    for (std::size_t i = 0; i < output.size(); ++i) output[i] = result[i];
    return output;
}

}  // namespace weft
