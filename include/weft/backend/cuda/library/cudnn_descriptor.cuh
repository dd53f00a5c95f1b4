#pragma once

#include <cudnn.h>

#include <array>
#include <string>
#include <utility>

#include "../../../core/error.hpp"
#include "convolution.hpp"

namespace weft::cuda_backend {

inline std::string text_of(const convolution_problem& p) {
    const auto list = [](auto... of) {
        std::string text;
        ((text += (text.empty() ? "[" : ", ") + std::to_string(of)), ...);
        return text + "]";
    };
    const conv2d_geometry& g = p.g;
    return std::string(p.kind == gradient_of::nothing ? graph::conv2d::name
                       : p.kind == gradient_of::data  ? graph::conv2d_data::name
                                                      : graph::conv2d_weights::name) +
           " of images " + list(p.batch, g.channels, g.height, g.width) + ", weights " +
           list(g.filters, g.channels / g.groups, g.kernel_h, g.kernel_w) + ", stride " +
           list(g.stride_h, g.stride_w) + ", padding " + list(g.padding_h, g.padding_w) + ", dilation " +
           list(g.dilation_h, g.dilation_w);
}

/// Raises weft::error where a call of cuDNN's failed; `call` names it, and `what` what it was for.
inline void check_cudnn(cudnnStatus_t status, const char* call, const convolution_problem* what = nullptr) {
    if (status == CUDNN_STATUS_SUCCESS) return;
    char more[512] = "";
    cudnnGetLastErrorString(more, sizeof more);
    raise("cannot convolve on the GPU", what ? std::string(call) + " for " + text_of(*what) : call,
          std::string(cudnnGetErrorString(status)) + (*more ? ", " + std::string(more) : std::string()));
}

// The types of attributes; descriptors are attributes too.
constexpr auto attribute_type(std::int64_t) { return CUDNN_TYPE_INT64; }
constexpr auto attribute_type(float) { return CUDNN_TYPE_FLOAT; }
constexpr auto attribute_type(double) { return CUDNN_TYPE_DOUBLE; }
constexpr auto attribute_type(bool) { return CUDNN_TYPE_BOOLEAN; }
constexpr auto attribute_type(cudnnHandle_t) { return CUDNN_TYPE_HANDLE; }
constexpr auto attribute_type(cudnnDataType_t) { return CUDNN_TYPE_DATA_TYPE; }
constexpr auto attribute_type(cudnnBackendHeurMode_t) { return CUDNN_TYPE_HEUR_MODE; }
constexpr auto attribute_type(cudnnPointwiseMode_t) { return CUDNN_TYPE_POINTWISE_MODE; }
constexpr auto attribute_type(cudnnConvolutionMode_t) { return CUDNN_TYPE_CONVOLUTION_MODE; }
constexpr auto attribute_type(cudnnBackendDescriptor_t) { return CUDNN_TYPE_BACKEND_DESCRIPTOR; }

/// What cuDNN's graph API works with: an object whose attributes are set before it is finished. It keeps the
/// address of the convolution that it is for, which errors name.
class cudnn_descriptor {
public:
    cudnn_descriptor(cudnnBackendDescriptorType_t kind, const convolution_problem& of) : of_(&of) {
        check_cudnn(cudnnBackendCreateDescriptor(kind, &handle_), "cudnnBackendCreateDescriptor", of_);
    }
    cudnn_descriptor(cudnn_descriptor&& other) noexcept
        : handle_(std::exchange(other.handle_, nullptr)), of_(other.of_) {}
    cudnn_descriptor& operator=(cudnn_descriptor&& other) noexcept {
        std::swap(handle_, other.handle_);
        std::swap(of_, other.of_);
        return *this;
    }
    ~cudnn_descriptor() {
        if (handle_ != nullptr) static_cast<void>(cudnnBackendDestroyDescriptor(handle_));
    }
    cudnnBackendDescriptor_t handle() const { return handle_; }

    template <class Value>
    cudnn_descriptor& set(cudnnBackendAttributeName_t name, Value value) {
        return set_all(name, attribute_type(value), 1, &value);
    }
    template <class Value, std::size_t Count>
    cudnn_descriptor& set(cudnnBackendAttributeName_t name, const std::array<Value, Count>& values) {
        return set_all(name, attribute_type(Value{}), std::int64_t(Count), values.data());
    }
    cudnn_descriptor& set_all(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                              std::int64_t count, const void* values) {
        check_cudnn(cudnnBackendSetAttribute(handle_, name, type, count, values), "cudnnBackendSetAttribute",
                    of_);
        return *this;
    }
    /// Up to `room` values, and how many there are. Descriptors among them must exist.
    std::int64_t get_all(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                         std::int64_t room, void* values) const {
        std::int64_t count = 0;
        check_cudnn(cudnnBackendGetAttribute(handle_, name, type, room, &count, values),
                    "cudnnBackendGetAttribute", of_);
        return count;
    }
    cudnn_descriptor& finish() {
        check_cudnn(cudnnBackendFinalize(handle_), "cudnnBackendFinalize", of_);
        return *this;
    }
    /// Finishes it, or says that cuDNN does not offer what it describes.
    bool offered() { return cudnnBackendFinalize(handle_) == CUDNN_STATUS_SUCCESS; }

private:
    cudnnBackendDescriptor_t handle_ = nullptr;
    const convolution_problem* of_;
};

}  // namespace weft::cuda_backend
