# weft::weft, one target per optional dependency (weft::zlib, …), and the package that carries them.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(weft_package_dir ${CMAKE_INSTALL_DATADIR}/cmake/weft)

# weft::weft: the headers and what each of them may include.
function(weft_library)
  find_package(Eigen3 3.4 REQUIRED CONFIG)
  find_package(Boost 1.74 REQUIRED)
  find_package(Threads REQUIRED)

  file(GLOB_RECURSE headers CONFIGURE_DEPENDS include/weft/*.hpp include/weft/*.cuh)
  add_library(weft INTERFACE)
  add_library(weft::weft ALIAS weft)
  target_sources(weft INTERFACE FILE_SET HEADERS BASE_DIRS include FILES ${headers})
  target_compile_features(weft INTERFACE cxx_std_20)
  target_link_libraries(weft INTERFACE Eigen3::Eigen Boost::headers Threads::Threads)
  install(TARGETS weft EXPORT weft-targets FILE_SET HEADERS)
endfunction()

# weft_option_target(NAME PACKAGE <find_package arguments> [AND <find_package arguments>] LINK <targets>)
# weft::NAME: weft::weft and one optional dependency, or two; find_package(weft COMPONENTS NAME) asks for it. A find
# module of weft's own goes into the package.
function(weft_option_target name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PACKAGE;AND;LINK")
  set(modules ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  list(PREPEND CMAKE_MODULE_PATH ${modules})
  set(asks "list(PREPEND CMAKE_MODULE_PATH \"\${CMAKE_CURRENT_LIST_DIR}\")\n")
  foreach(package arg_PACKAGE arg_AND)
    if(${package})
      find_package(${${package}} REQUIRED)
      list(JOIN ${package} " " arguments)
      string(APPEND asks "find_dependency(${arguments})\n")
      list(GET ${package} 0 module)
      if(EXISTS ${modules}/Find${module}.cmake)
        install(FILES ${modules}/Find${module}.cmake DESTINATION ${weft_package_dir})
      endif()
    endif()
  endforeach()
  add_library(weft_${name} INTERFACE)
  add_library(weft::${name} ALIAS weft_${name})
  set_target_properties(weft_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(weft_${name} INTERFACE weft ${arg_LINK})

  install(TARGETS weft_${name} EXPORT weft-${name}-targets)
  install(EXPORT weft-${name}-targets NAMESPACE weft:: DESTINATION ${weft_package_dir})
  file(WRITE ${PROJECT_BINARY_DIR}/weft-option-${name}.cmake "${asks}list(POP_FRONT CMAKE_MODULE_PATH)\n"
             "include(\"\${CMAKE_CURRENT_LIST_DIR}/weft-${name}-targets.cmake\")\n")
  install(FILES ${PROJECT_BINARY_DIR}/weft-option-${name}.cmake DESTINATION ${weft_package_dir})
endfunction()

# The files behind find_package(weft CONFIG).
function(weft_install)
  install(EXPORT weft-targets NAMESPACE weft:: DESTINATION ${weft_package_dir})
  configure_package_config_file(cmake/weft-config.cmake.in ${PROJECT_BINARY_DIR}/weft-config.cmake
                                INSTALL_DESTINATION ${weft_package_dir})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/weft-config-version.cmake
                                   COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
  install(FILES ${PROJECT_BINARY_DIR}/weft-config.cmake ${PROJECT_BINARY_DIR}/weft-config-version.cmake
          DESTINATION ${weft_package_dir})
endfunction()
