import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class WeftTestPackage(ConanFile):
    settings = "os", "compiler", "build_type", "arch"
    generators = "CMakeDeps", "CMakeToolchain"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        with_zlib = self.dependencies["weft"].options.with_zlib
        cmake = CMake(self)
        cmake.configure(variables={"WEFT_COMPONENTS": "zlib" if with_zlib else ""})
        cmake.build()

    def test(self):
        if can_run(self):
            self.run(os.path.join(self.cpp.build.bindir, "weft_consumer"), env="conanrun")
