# Compute libraries: the code that is as fast as the processor's vector registers are wide. With KRIGE_LEVELS each is a
# shared library, made once for every level of x86-64 (psABI), and the loader takes the highest that the processor has:
# glibc searches glibc-hwcaps below each entry of RUNPATH. Everything else is compiled once, for the lowest level. Eigen
# stays within these libraries: what they export is their namespace, and their public headers show no Eigen type.
set(KRIGE_LIBRARY_DIR lib/krige)
set(KRIGE_LEVEL_NAMES x86-64 x86-64-v3 x86-64-v4)

# The level whose library programs of the build tree load, and that their tests are compiled for.
set(KRIGE_OWN_LEVEL x86-64)
if(KRIGE_LEVELS)
  if(NOT CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64" OR NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
    message(FATAL_ERROR "KRIGE_LEVELS are those of x86-64 and glibc; configure with -DKRIGE_LEVELS=OFF.")
  endif()
  if(KRIGE_NATIVE OR KRIGE_SANITIZE)
    message(FATAL_ERROR "KRIGE_LEVELS excludes KRIGE_NATIVE and KRIGE_SANITIZE.")
  endif()
  execute_process(COMMAND /lib64/ld-linux-x86-64.so.2 --help OUTPUT_VARIABLE loader_help ERROR_QUIET)
  foreach(level ${KRIGE_LEVEL_NAMES})
    if(loader_help MATCHES "${level} \\(supported, searched\\)")
      set(KRIGE_OWN_LEVEL ${level})
    endif()
  endforeach()
  message(STATUS "Compute libraries for ${KRIGE_LEVEL_NAMES}; this machine loads ${KRIGE_OWN_LEVEL}")
  # Programs find the libraries beside bin/, in the build tree as where they are installed.
  set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
  set(CMAKE_INSTALL_RPATH "$ORIGIN/../${KRIGE_LIBRARY_DIR}")
endif()

# -march of a level; nothing for what every x86-64 has.
function(krige_level_options variable level)
  set(${variable} "" PARENT_SCOPE)
  if(NOT level STREQUAL "x86-64")
    set(${variable} -march=${level} PARENT_SCOPE)
  endif()
endfunction()

# For tests that meet Eigen's types: its alignment is part of the ABI.
add_library(krige_own_level INTERFACE)
krige_level_options(own_level ${KRIGE_OWN_LEVEL})
target_compile_options(krige_own_level INTERFACE ${own_level})

# krige_compute_library(gp NAMESPACE krige::gp SOURCES a.cc LIBS krige::base): krige::gp, of whose symbols only those of
# the namespace are seen outside.
function(krige_compute_library name)
  cmake_parse_arguments(ARG "" "NAMESPACE" "SOURCES;LIBS;PRIVATE_LIBS;OPTIONS" ${ARGN})
  if(NOT KRIGE_LEVELS)
    krige_library(${name} SOURCES ${ARG_SOURCES} LIBS ${ARG_LIBS} PRIVATE_LIBS ${ARG_PRIVATE_LIBS})
    target_compile_options(krige_${name} PRIVATE ${ARG_OPTIONS})
    return()
  endif()

  # _ZN5krige2gp…: krige::gp::…, with its const functions, tables and type information.
  string(REPLACE "::" ";" parts ${ARG_NAMESPACE})
  set(mangled "")
  foreach(part ${parts})
    string(LENGTH ${part} length)
    string(APPEND mangled ${length}${part})
  endforeach()
  set(exports ${CMAKE_CURRENT_BINARY_DIR}/${name}.exports)
  file(CONFIGURE OUTPUT ${exports}
    CONTENT "{ global: _ZN@mangled@*; _ZNK@mangled@*; _ZT?N@mangled@*; local: *; };\n" @ONLY)

  foreach(level ${KRIGE_LEVEL_NAMES})
    set(target krige_${name}_${level})
    set(folder ${KRIGE_LIBRARY_DIR})
    if(NOT level STREQUAL "x86-64")
      string(APPEND folder /glibc-hwcaps/${level})
    endif()
    krige_level_options(march ${level})
    add_library(${target} SHARED ${ARG_SOURCES})
    target_compile_options(${target} PRIVATE ${march} ${ARG_OPTIONS})
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${target} PRIVATE ${ARG_LIBS} ${ARG_PRIVATE_LIBS} krige_private_options)
    target_link_options(${target} PRIVATE -Wl,--version-script=${exports} -Wl,-Bsymbolic-functions -Wl,-z,defs)
    set_target_properties(${target} PROPERTIES
      OUTPUT_NAME krige-${name}
      SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/${folder}
      LINK_DEPENDS ${exports}
      INSTALL_RPATH "")
    install(TARGETS ${target} EXPORT krige
      LIBRARY DESTINATION ${folder} COMPONENT runtime NAMELINK_COMPONENT development)
  endforeach()

  add_library(krige_${name} INTERFACE)
  add_library(krige::${name} ALIAS krige_${name})
  target_include_directories(krige_${name} INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>)
  target_link_libraries(krige_${name} INTERFACE ${ARG_LIBS}
    $<BUILD_INTERFACE:krige_${name}_${KRIGE_OWN_LEVEL}> $<INSTALL_INTERFACE:krige::${name}_library>)
  set_target_properties(krige_${name} PROPERTIES EXPORT_NAME ${name})
  set_target_properties(krige_${name}_x86-64 PROPERTIES EXPORT_NAME ${name}_library)
endfunction()
