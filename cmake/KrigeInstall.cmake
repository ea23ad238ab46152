# What `cmake --install` puts below the prefix, which may be moved afterwards. Components: runtime, the programs and what
# they need; development, the libraries krige::gp and krige::tuner for find_package(krige).
include(CMakePackageConfigHelpers)
# Who distributes packages gives an address of their own.
set(KRIGE_PACKAGE_CONTACT "The authors of Krige <krige@localhost>" CACHE STRING "Maintainer of the packages")

if(TARGET krige)
  install(TARGETS krige RUNTIME DESTINATION bin COMPONENT runtime)
  # Not for people to call: beside its libraries.
  install(TARGETS krige-trainer RUNTIME DESTINATION ${KRIGE_LIBRARY_DIR} COMPONENT runtime)

  # Out of the same texts as --help.
  set(pages ${CMAKE_BINARY_DIR}/pages)
  add_custom_command(
    OUTPUT ${pages}/krige.1.gz ${pages}/krige.bash ${pages}/krige.zsh ${pages}/krige.fish
    COMMAND krige man > ${pages}/krige.1
    COMMAND gzip -9nf ${pages}/krige.1
    COMMAND krige completion bash > ${pages}/krige.bash
    COMMAND krige completion zsh > ${pages}/krige.zsh
    COMMAND krige completion fish > ${pages}/krige.fish
    DEPENDS krige
    VERBATIM)
  file(MAKE_DIRECTORY ${pages})
  add_custom_target(krige_pages ALL DEPENDS ${pages}/krige.1.gz)
  install(FILES ${pages}/krige.1.gz DESTINATION share/man/man1 COMPONENT runtime)
  install(FILES ${pages}/krige.bash DESTINATION share/bash-completion/completions RENAME krige COMPONENT runtime)
  install(FILES ${pages}/krige.zsh DESTINATION share/zsh/vendor-completions RENAME _krige COMPONENT runtime)
  install(FILES ${pages}/krige.fish DESTINATION share/fish/vendor_completions.d COMPONENT runtime)

  install(FILES ${CMAKE_SOURCE_DIR}/packages/krige.service DESTINATION lib/systemd/system COMPONENT runtime)
  set(examples ${CMAKE_SOURCE_DIR}/examples)
  install(FILES ${examples}/digits.yaml ${examples}/breast-cancer.yaml DESTINATION share/doc/krige/examples COMPONENT runtime)
  install(FILES ${examples}/data/digits.csv.gz ${examples}/data/breast_cancer.csv
    DESTINATION share/doc/krige/examples/data COMPONENT runtime)
endif()

# What Debian wants of every package.
string(TIMESTAMP KRIGE_CHANGED "%a, %d %b %Y %H:%M:%S +0000" UTC)  # of SOURCE_DATE_EPOCH, where it is set
configure_file(packages/changelog.in changelog)
execute_process(COMMAND gzip -9nf changelog WORKING_DIRECTORY ${CMAKE_BINARY_DIR} COMMAND_ERROR_IS_FATAL ANY)
set(documents ${CMAKE_SOURCE_DIR}/packages/copyright ${CMAKE_BINARY_DIR}/changelog.gz)
install(FILES ${documents} DESTINATION share/doc/krige COMPONENT runtime)
install(FILES ${documents} DESTINATION share/doc/krige-dev COMPONENT development)

# The public headers: these and what they include, which tests/package holds to be all.
function(krige_install_headers library)
  set(headers ${ARGN})
  list(TRANSFORM headers PREPEND ${CMAKE_SOURCE_DIR}/)
  target_sources(krige_${library} INTERFACE FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR} FILES ${headers})
endfunction()
target_compile_features(krige_base INTERFACE cxx_std_20)
krige_install_headers(base
  base/clock.h
  base/error.h
  base/ids.h
  base/json.h
  base/limits.h
  base/rng.h)
krige_install_headers(gp
  gp/acquisition/suggest.h
  gp/fit/fit.h
  gp/gaussian_process.h
  gp/hypervolume/hypervolume.h
  gp/hypervolume/pareto.h
  gp/instruction_set.h
  gp/output_transform.h
  gp/points.h
  gp/sensitivity.h
  gp/space.h
  gp/state.h)
krige_install_headers(tuner
  tuner/executors/executor.h
  tuner/executors/local_executor.h
  tuner/samplers/sampler.h
  tuner/space/parameter.h
  tuner/space/space.h
  tuner/space/value.h
  tuner/spec/metric_patterns.h
  tuner/spec/objective.h
  tuner/spec/study_spec.h
  tuner/spec/warm_start.h
  tuner/storage/storage.h
  tuner/study/early_stop.h
  tuner/study/engine.h
  tuner/study/learning_curve.h
  tuner/study/quarantine.h
  tuner/study/trial_filter.h
  tuner/trial/states.h
  tuner/trial/trial.h)

install(TARGETS krige_base krige_gp krige_soci krige_tuner krige_tuner_core krige_tuner_executors krige_tuner_storage
  EXPORT krige
  ARCHIVE DESTINATION ${KRIGE_LIBRARY_DIR} COMPONENT development
  FILE_SET HEADERS DESTINATION include/krige COMPONENT development)
set(KRIGE_CMAKE_DIR lib/cmake/krige)
install(EXPORT krige FILE krige-targets.cmake NAMESPACE krige:: DESTINATION ${KRIGE_CMAKE_DIR} COMPONENT development)
configure_package_config_file(cmake/krige-config.cmake.in krige-config.cmake INSTALL_DESTINATION ${KRIGE_CMAKE_DIR})
# Before 1.0 a minor version may break what the one before promised.
write_basic_package_version_file(krige-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/krige-config.cmake ${CMAKE_BINARY_DIR}/krige-config-version.cmake
  DESTINATION ${KRIGE_CMAKE_DIR} COMPONENT development)
