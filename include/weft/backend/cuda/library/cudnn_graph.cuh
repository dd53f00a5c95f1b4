#pragma once

#include <array>
#include <vector>

#include "cudnn_descriptor.cuh"

namespace weft::cuda_backend {

constexpr cudnnDataType_t cudnn_type(stored_as s) {
    switch (s) {
        case stored_as::f64:
            return CUDNN_DATA_DOUBLE;
        case stored_as::f16:
            return CUDNN_DATA_HALF;
        case stored_as::bf16:
            return CUDNN_DATA_BFLOAT16;
        default:
            return CUDNN_DATA_FLOAT;
    }
}

/// The numbers by which the tensors of a convolution are known when it runs.
enum class cudnn_tensor : std::int64_t { left = 1, right, out, bias, residual, between };

/// A multiple of how many bytes each tensor begins at, up to 16.
struct convolution_alignment {
    std::int64_t left, right, out, bias, residual;
    constexpr bool operator==(const convolution_alignment&) const = default;

    explicit convolution_alignment(const convolution_memory& at)
        : left(of(at.left)),
          right(of(at.right)),
          out(of(at.out)),
          bias(of(at.bias)),
          residual(of(at.residual)) {}

private:
    static std::int64_t of(const void* address) {
        const auto bits = reinterpret_cast<std::uintptr_t>(address) | 16;
        return std::int64_t(bits & (~bits + 1));
    }
};

/// A convolution as cuDNN's graph API takes it: tensors, and operations between them.
class cudnn_graph {
public:
    /// A target's of_graph(descriptor) says where the graph shall run.
    template <class Target>
    cudnn_graph(const convolution_problem& p, const convolution_alignment& aligned, const Target& target)
        : p_(p), aligned_(aligned), all_(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, p) {
        const bool biased = p.bias != stored_as::absent, added = p.residual != stored_as::absent;
        handle last = convolve(!biased && !added && !p.relu);
        if (added)  // before the bias, as cuDNN's engines have it
            last = pointwise(CUDNN_POINTWISE_ADD, last,
                             tensor(cudnn_tensor::residual, p.residual, results(), aligned.residual),
                             !biased && !p.relu);
        if (biased)
            last =
                pointwise(CUDNN_POINTWISE_ADD, last,
                          tensor(cudnn_tensor::bias, p.bias, {1, p.g.filters, 1, 1}, aligned.bias), !p.relu);
        // max(x, 0), which may take NaN to 0 where weft's relu keeps it
        if (p.relu) pointwise(CUDNN_POINTWISE_RELU_FWD, last, nullptr, true);

        std::vector<handle> operations;
        for (const cudnn_descriptor& each : operations_) operations.push_back(each.handle());
        all_.set_all(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                     std::int64_t(operations.size()), operations.data());
        target.of_graph(all_);
        offered_ = all_.offered();
    }
    cudnn_graph(const cudnn_graph&) = delete;
    cudnn_graph& operator=(const cudnn_graph&) = delete;

    bool offered() const { return offered_; }
    cudnnBackendDescriptor_t descriptor() const { return all_.handle(); }

private:
    using handle = cudnnBackendDescriptor_t;
    using shape = std::array<std::int64_t, 4>;

    shape images() const { return {p_.batch, p_.g.channels, p_.g.height, p_.g.width}; }
    shape weights() const {
        return {p_.g.filters, p_.g.channels / p_.g.groups, p_.g.kernel_h, p_.g.kernel_w};
    }
    shape results() const { return {p_.batch, p_.g.filters, p_.g.out_h(), p_.g.out_w()}; }
    bool is_double() const { return p_.out == stored_as::f64; }
    /// Sums are made in float, or double for doubles.
    cudnnDataType_t arithmetic() const { return is_double() ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT; }

    handle tensor(std::int64_t id, cudnnDataType_t type, const shape& s, std::int64_t alignment,
                  bool in_memory) {
        cudnn_descriptor& t = parts_.emplace_back(CUDNN_BACKEND_TENSOR_DESCRIPTOR, p_);
        t.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id)
            .set(CUDNN_ATTR_TENSOR_DATA_TYPE, type)
            .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, alignment)
            .set(CUDNN_ATTR_TENSOR_DIMENSIONS, s)
            .set(CUDNN_ATTR_TENSOR_STRIDES, shape{s[1] * s[2] * s[3], s[2] * s[3], s[3], 1});
        if (!in_memory) t.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, true);
        return t.finish().handle();
    }
    handle tensor(cudnn_tensor id, stored_as type, const shape& s, std::int64_t alignment) {
        return tensor(std::int64_t(id), cudnn_type(type), s, alignment, true);
    }
    /// What an operation leaves: the last one the result, others what is nowhere in memory.
    handle result(const shape& s, bool last) {
        if (last) return tensor(cudnn_tensor::out, p_.out, s, aligned_.out);
        return tensor(std::int64_t(cudnn_tensor::between) + between_++, arithmetic(), s, 16, false);
    }

    /// What cuDNN calls the parts of the three convolutions.
    struct convolution_names {
        cudnnBackendDescriptorType_t kind;
        cudnnBackendAttributeName_t x, w, y, geometry, alpha, beta;
    };
    static convolution_names names_of(gradient_of kind) {
        if (kind == gradient_of::data)
            return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
        if (kind == gradient_of::weights)
            return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
        return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
    }
    handle convolve(bool last) {
        const bool to_images = p_.kind == gradient_of::data, to_weights = p_.kind == gradient_of::weights;
        const handle left =
                         tensor(cudnn_tensor::left, p_.left, to_images ? results() : images(), aligned_.left),
                     right = tensor(cudnn_tensor::right, p_.right, to_weights ? results() : weights(),
                                    aligned_.right),
                     out = result(to_images    ? images()
                                  : to_weights ? weights()
                                               : results(),
                                  last);
        const convolution_names name = names_of(p_.kind);
        cudnn_descriptor& o = operations_.emplace_back(name.kind, p_);
        o.set(name.x, to_images ? out : left)
            .set(name.w, to_weights ? out : right)
            .set(name.y, to_images    ? left
                         : to_weights ? right
                                      : out)
            .set(name.geometry, geometry());
        if (is_double())
            o.set(name.alpha, 1.0).set(name.beta, 0.0);
        else
            o.set(name.alpha, 1.0f).set(name.beta, 0.0f);
        o.finish();
        return out;
    }
    handle geometry() {
        using pair = std::array<std::int64_t, 2>;
        const conv2d_geometry& g = p_.g;
        const pair padding{g.padding_h, g.padding_w};
        return parts_.emplace_back(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, p_)
            .set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, arithmetic())
            .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION)
            .set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, std::int64_t(2))
            .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, padding)
            .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, padding)
            .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, pair{g.stride_h, g.stride_w})
            .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, pair{g.dilation_h, g.dilation_w})
            .finish()
            .handle();
    }
    /// mode(x, operand), or mode(x).
    handle pointwise(cudnnPointwiseMode_t mode, handle x, handle operand, bool last) {
        const handle how = parts_.emplace_back(CUDNN_BACKEND_POINTWISE_DESCRIPTOR, p_)
                               .set(CUDNN_ATTR_POINTWISE_MODE, mode)
                               .set(CUDNN_ATTR_POINTWISE_MATH_PREC, arithmetic())
                               .finish()
                               .handle(),
                     out = result(results(), last);
        cudnn_descriptor& o = operations_.emplace_back(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, p_);
        o.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how)
            .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x)
            .set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, out);
        if (operand != nullptr) o.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, operand);
        o.finish();
        return out;
    }

    const convolution_problem& p_;
    const convolution_alignment& aligned_;
    std::vector<cudnn_descriptor> parts_, operations_;
    cudnn_descriptor all_;
    std::int64_t between_ = 0;
    bool offered_ = false;
};

}  // namespace weft::cuda_backend
