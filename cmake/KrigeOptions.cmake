# Options that every target of this tree shares: language, warnings, sanitizers, linker, ccache.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Privately linked by our own targets, so that a consumer never inherits -Werror.
add_library(krige_private_options INTERFACE)
target_compile_options(krige_private_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow=local -Wnon-virtual-dtor -Wold-style-cast -Wcast-align -Wunused
  -Woverloaded-virtual -Wimplicit-fallthrough
  $<$<BOOL:${KRIGE_WARNINGS_AS_ERRORS}>:-Werror>)

# But for compute libraries (KrigeCompute.cmake) the tree is compiled for one instruction set: Eigen's alignment is part
# of the ABI.
if(KRIGE_NATIVE)
  add_compile_options(-march=native)
endif()
# The same numbers on every run of one build: no contraction that depends on inlining.
add_compile_options(-ffp-contract=on)

if(KRIGE_SANITIZE)
  add_compile_options(-fsanitize=${KRIGE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${KRIGE_SANITIZE})
endif()

# krige_library(gp SOURCES a.cc LIBS krige::base): the static library krige_gp, known as krige::gp.
function(krige_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS;PRIVATE_LIBS" ${ARGN})
  add_library(krige_${name} STATIC ${ARG_SOURCES})
  add_library(krige::${name} ALIAS krige_${name})
  set_target_properties(krige_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(krige_${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>)
  target_link_libraries(krige_${name} PUBLIC ${ARG_LIBS} PRIVATE ${ARG_PRIVATE_LIBS} $<BUILD_INTERFACE:krige_private_options>)
endfunction()

# krige_test(base_test SOURCES rng_test.cc LIBS krige::base): a GoogleTest program, its cases known to ctest.
function(krige_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)  # an empty one would take the next property's name for its value
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} GTest::gtest GTest::gmock GTest::gtest_main krige_private_options)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  # What is tested is optimized; the tests themselves compile in half the time without it.
  target_compile_options(${name} PRIVATE -O0)
  target_compile_definitions(${name} PRIVATE
    KRIGE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" KRIGE_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
      # Trainings of tests leave nothing in the cache of the one who runs them.
      ENVIRONMENT "KRIGE_CACHE_DIR=${CMAKE_BINARY_DIR}/test-cache")
endfunction()
