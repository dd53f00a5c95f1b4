// What compile times are measured against: one dynamic Eigen matrix product.
#include <Eigen/Core>

int main(int argc, char**) {
    const Eigen::MatrixXf a = Eigen::MatrixXf::Random(argc, argc), b = Eigen::MatrixXf::Random(argc, argc);
    const Eigen::MatrixXf c = a * b;
    return int(c(0, 0));
}
