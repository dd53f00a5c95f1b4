import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeToolchain, CMakeDeps, cmake_layout
from conan.tools.files import copy, load


class Weft(ConanFile):
    name = "weft"
    description = "Neural networks as C++ template expressions, compiled by the C++ compiler"
    license = "BSL-1.0"
    topics = ("deep-learning", "neural-network", "header-only", "constexpr")
    package_type = "header-library"
    settings = "os", "compiler", "build_type", "arch"
    options = {"with_zlib": [True, False], "with_cudnn": [True, False]}
    default_options = {"with_zlib": True, "with_cudnn": False, "boost/*:header_only": True}
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*"
    no_copy_source = True

    def set_version(self):
        config = load(self, os.path.join(self.recipe_folder, "include", "weft", "config.hpp"))
        self.version = ".".join(re.findall(r"#define WEFT_VERSION_\w+ (\d+)", config))

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        self.requires("eigen/[>=3.4.0 <4]", transitive_headers=True)
        self.requires("boost/[>=1.74.0 <2]", transitive_headers=True)
        if self.options.with_zlib:
            self.requires("zlib/[>=1.2.11 <2]", transitive_headers=True, transitive_libs=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def package_id(self):
        self.info.settings.clear()  # headers alone

    def generate(self):
        toolchain = CMakeToolchain(self)
        for part in "TESTS", "EXAMPLES", "BENCH":
            toolchain.cache_variables[f"WEFT_BUILD_{part}"] = False
        toolchain.cache_variables["WEFT_WITH_ZLIB"] = bool(self.options.with_zlib)
        toolchain.cache_variables["WEFT_WITH_CUDNN"] = bool(self.options.with_cudnn)  # from the platform, as CUDA is
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        CMake(self).configure()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))

    def package_info(self):
        # weft's own CMake files, which find Eigen and Boost themselves: from Conan, or from the platform.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = [os.path.join("share", "cmake", "weft")]
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
