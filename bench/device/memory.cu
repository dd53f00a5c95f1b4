// Operations that are bound by the memory's speed, on arrays much larger than caches; a plain copy, which is
// their ceiling, by the driver and by weft; and a large matrix product, which is the other one.
#include <weft/backend/chain.hpp>
#include <weft/backend/reference/run.hpp>
#include <weft/train/optimizers/adam.hpp>

#include "worker.hpp"

namespace bench {

using weft::graph::function;
using weft::graph::node;
namespace graph = weft::graph;
using weft::graph::operand_mode;
using weft::graph::step_kind;

template <step_kind Kind, function Fn = function::none, operand_mode Mode = operand_mode::same>
using step = weft::step_type<Kind, Fn, Mode, 0, 0>;
template <class... Steps>
using steps = weft::chain<weft::graph::function_list<>, operand_mode::same, Steps...>;

/// An array of an operation: its size for each sample and in all.
struct array {
    std::size_t per_sample = 0, fixed = 0;
    std::size_t size(int batch) const { return per_sample * std::size_t(batch) + fixed; }
};
/// A record and the arrays that it works on; a sample is a row, or an image.
struct operation {
    node n;
    std::vector<array> in, out, operand;
    double limit = 1e-5;

    double bytes(int batch) const {
        double sum = 0;
        for (const auto* all : {&in, &out, &operand})
            for (const array& a : *all) sum += double(a.size(batch)) * sizeof(float);
        return sum;
    }
};

template <class Primitive>
node make_record(const Primitive& p, weft::graph::blocking view) {
    node n = graph::make_node(p);
    n.view = view;
    return n;
}
template <class... Steps>
void add_steps(node& n, steps<Steps...>) {
    (n.add_step({.kind = Steps::kind, .fn = Steps::fn, .mode = Steps::mode, .operand = 0, .bits = {0, 0}}),
     ...);
}
/// Positive where an array holds variances.
struct operation_numbers {
    std::uint64_t array;
    bool positive;
    WEFT_DEVICE constexpr float operator()(std::int64_t i) const {
        return positive ? 1 + number(array, i) : 2 * number(array, i) - 1;
    }
};

/// An operation in the device's memory.
template <class Op, class Chain, class Device = device>
class running {
public:
    running(const operation& o, int batch) : n_(o.n), scratch_(scratch_size(o.n, batch)) {
        std::uint64_t k = 0;
        for (const array& a : o.in) {
            const bool positive = o.n.is<graph::batch_norm_stats>() && k == 4;
            memory_.push_back(filled(a.size(batch), operation_numbers{k, positive}));
            arguments_.in[k++] = memory_.back().data().address();
        }
        for (std::size_t i = 0; i < o.operand.size(); ++i) {
            memory_.push_back(filled(o.operand[i].size(batch), operation_numbers{k++, false}));
            arguments_.operand[i] = memory_.back().data().address();
        }
        for (std::size_t i = 0; i < o.out.size(); ++i) {
            memory_.push_back(filled(o.out[i].size(batch), operation_numbers{k++, false}));
            arguments_.out[i] = memory_.back().data().address();
            outputs_.push_back(memory_.size() - 1);
        }
        arguments_.batch = batch;
    }
    void start() {
        weft::cuda_backend::kernel<Op>::template run<Chain>(device_, n_, arguments_,
                                                            scratch_.data().address());
    }
    std::vector<float> output(std::size_t i) {
        device_.wait();
        const auto& from = memory_[outputs_[i]];
        return read_back(from.data(), from.size());
    }

private:
    static std::size_t scratch_size(const node& n, int batch) {
        const auto rule = weft::cuda_backend::scratch_of<Op, float>();
        return rule == nullptr ? 0 : rule(n, batch);
    }
    node n_;
    Device device_;
    device_numbers<float> scratch_;
    std::vector<device_numbers<float>> memory_;
    std::vector<std::size_t> outputs_;
    weft::arguments<float> arguments_;
};

/// What the reference makes of the same numbers.
template <class Op, class Chain>
std::vector<std::vector<double>> by_reference(const operation& o, int batch) {
    std::vector<std::vector<double>> memory, outputs;
    weft::arguments<double> a;
    std::uint64_t k = 0;
    memory.reserve(32);
    const auto add = [&](const array& x) {
        const bool positive = o.n.is<graph::batch_norm_stats>() && k == 4;
        memory.push_back(host_numbers<double>(x.size(batch), operation_numbers{k++, positive}));
        return memory.back().data();
    };
    for (std::size_t i = 0; i < o.in.size(); ++i) a.in[i] = add(o.in[i]);
    for (std::size_t i = 0; i < o.operand.size(); ++i) a.operand[i] = add(o.operand[i]);
    const std::size_t first = memory.size();
    for (std::size_t i = 0; i < o.out.size(); ++i) a.out[i] = add(o.out[i]);
    a.batch = batch;
    weft::reference_backend::run<Op, typename Chain::functions>(o.n, a);
    return {memory.begin() + std::ptrdiff_t(first), memory.end()};
}

weft::graph::blocking rows_of(std::size_t size) { return {1, int(size), 1}; }

template <class Op, class Chain = steps<>, class Visit>
void go(const Visit& visit, const char* name, operation o) {
    add_steps(o.n, Chain());
    visit(name, o, std::type_identity<Op>(), Chain());
}
/// Calls visit(name, operation, type of the primitive, type of the chain) for each of them.
template <class Visit>
void each_operation(const Visit& visit) {
    constexpr std::size_t row = 1024, long_row = 16384;
    const node chain_record = make_record(graph::elementwise{}, rows_of(row));

    go<graph::elementwise>(visit, "copy_chain", {chain_record, {{row}}, {{row}}, {}});
    go<graph::elementwise, steps<step<step_kind::add, function::none, operand_mode::channel>,
                                 step<step_kind::apply, function::gelu>>>(
        visit, "bias_gelu", {chain_record, {{row}}, {{row}}, {{0, row}, {}}});
    go<graph::elementwise, steps<step<step_kind::add>, step<step_kind::apply, function::relu>>>(
        visit, "add_relu", {chain_record, {{row}}, {{row}}, {{row}, {}}});
    go<graph::layer_norm>(
        visit, "layer_norm",
        {make_record(graph::layer_norm{{1, int(row), 1e-5f}}, rows_of(row)), {{row}}, {{row}, {1}}, {}});
    go<graph::layer_norm_grad>(visit, "layer_norm_grad",
                               {make_record(graph::layer_norm_grad{{1, int(row), 1e-5f}}, rows_of(row)),
                                {{row}, {row}, {1}},
                                {{row}},
                                {}});
    go<graph::softmax>(visit, "softmax",
                       {make_record(graph::softmax{{{1, int(row), 1}}}, rows_of(row)), {{row}}, {{row}}, {}});
    go<graph::softmax>(visit, "softmax_long",
                       {make_record(graph::softmax{{{1, int(long_row), 1}}}, rows_of(long_row)),
                        {{long_row}},
                        {{long_row}},
                        {}});
    go<graph::softmax_grad>(visit, "softmax_grad",
                            {make_record(graph::softmax_grad{{{1, int(row), 1}}}, rows_of(row)),
                             {{row}, {row}},
                             {{row}},
                             {},
                             1e-4});
    const node sum = make_record(graph::reduce{rows_of(row), int(operand_mode::channel), 1}, rows_of(row));
    go<graph::reduce>(visit, "column_sums", {sum, {{row}}, {{0, row}}, {}, 1e-4});
    go<graph::batch_norm_stats>(visit, "batch_norm_stats",
                                {make_record(graph::batch_norm_stats{{64, 1024, 1e-5f, 0.1f}}, {1, 64, 1024}),
                                 {{64 * 1024}, {0, 64}, {0, 64}, {0, 64}, {0, 64}},
                                 {{0, 64}, {0, 64}, {0, 64}, {0, 64}},
                                 {},
                                 1e-3});
}

void check_operations() {
    each_operation(
        []<class Op, class Chain>(const char* name, const operation& o, std::type_identity<Op>, Chain) {
            const int batch = 37;
            running<Op, Chain> device_one(o, batch);
            device_one.start();
            const auto want = by_reference<Op, Chain>(o, batch);
            for (std::size_t i = 0; i < want.size(); ++i)
                report(std::string(name) + (want.size() > 1 ? ", result " + std::to_string(i + 1) : ""),
                       device_one.output(i), want[i], o.limit);
        });
}

/// Adam on `count` parameters, as a training step ends: gradients are looked at, then used.
struct adam_update {
    using policy = weft::cuda_policy<device>;
    std::size_t count;
    device_numbers<float> parameters, gradients, slots;
    typename policy::resources resources;

    explicit adam_update(std::size_t n)
        : count(n),
          parameters(filled(n, sample_numbers{1})),
          gradients(filled(n, sample_numbers{2})),
          slots(filled(2 * n, target_numbers{})),
          resources(0) {
        resources.set_rule(weft::adam{}.at<float>(1000, 1e-6f));
        resources.upload_changes();
    }
    void start() {
        policy::update_if_finite<2, weft::adam_rule<float>>(resources, 0, 0, count, parameters.data(),
                                                            gradients.data(), slots.data());
    }
};

/// A large copy by the driver, and a large product; `size` of the latter is that of a side.
void add_ceilings(job& j, const std::string& name, int size) {
    const std::size_t n = std::size_t(size);
#ifdef __CUDACC__
    if (name == "copy") {
        const auto from = std::make_shared<device_numbers<float>>(filled(n, sample_numbers{1}));
        const auto to = std::make_shared<device_numbers<float>>(n);
        j.bytes = 2.0 * double(n) * sizeof(float);
        j.ways.push_back({"driver", [from, to, n] {
                              weft::cuda_backend::check(
                                  cudaMemcpyAsync(to->data().address(), from->data().address(),
                                                  n * sizeof(float), cudaMemcpyDeviceToDevice, nullptr),
                                  "cudaMemcpyAsync");
                          }});
    }
#endif
    if (name == "matrix") {
        const operation o{
            make_record(graph::gemm{{1, size, size}}, rows_of(n)), {{n}, {0, n * n}}, {{n}}, {}};
        const auto own = std::make_shared<running<graph::gemm, steps<>>>(o, size);
        const auto other = std::make_shared<running<graph::gemm, steps<>, library>>(o, size);
        j.bytes = o.bytes(size);
        j.flops = 2.0 * double(n) * double(n) * double(n);
        j.ways.push_back({"policy", [own] { own->start(); }});
        j.ways.push_back({"cublasLt", [other] { other->start(); }});
    }
}

/// `size` is the number of elements of the largest array; of a product, of a side.
job prepare(const std::string& name, int size) {
    job j;
    if (name == "adam") {
        const auto update = std::make_shared<adam_update>(std::size_t(size));
        j.bytes = 7.0 * double(size) * sizeof(float);
        j.ways.push_back({"policy", [update] { update->start(); }});
    }
    add_ceilings(j, name, size);
    each_operation(
        [&]<class Op, class Chain>(const char* each, const operation& o, std::type_identity<Op>, Chain) {
            if (name != each) return;
            const int batch = std::max(1, size / int(o.in[0].per_sample));
            const auto runs = std::make_shared<running<Op, Chain>>(o, batch);
            j.bytes = o.bytes(batch);
            j.ways.push_back({"policy", [runs] { runs->start(); }});
        });
    if (j.ways.empty()) weft::raise("no such operation", name, "memory.cu has the list");
    return j;
}

}  // namespace bench

int main(int argc, char** argv) {
    return bench::serve(
        argc, argv,
        {[](bench::expected_numbers&) {}, [](bench::expected_numbers&) { bench::check_operations(); },
         [](const std::string&, const std::string& kind, int size, const std::string&) {
             return bench::prepare(kind, size);
         }});
}
