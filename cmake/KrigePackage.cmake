# `cpack -G DEB` and `cpack -G TGZ` in the build tree. The packages are for any x86-64 only with KRIGE_LEVELS.
set(CPACK_PACKAGE_NAME krige)
set(CPACK_PACKAGE_VENDOR "The authors of Krige")
set(CPACK_PACKAGE_CONTACT ${KRIGE_PACKAGE_CONTACT})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "hyperparameter tuning by Gaussian processes")
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGE_FILE_NAME krige-${PROJECT_VERSION}-linux-x86_64)
set(CPACK_COMPONENTS_ALL runtime development)
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR DEB TGZ)

set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
# An archive is unpacked into a folder of its own.
file(WRITE ${CMAKE_BINARY_DIR}/CPackArchive.cmake
  "if(CPACK_GENERATOR STREQUAL \"TGZ\")\n  set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY ON)\nendif()\n")
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_BINARY_DIR}/CPackArchive.cmake)
set(CPACK_ARCHIVE_RUNTIME_FILE_NAME ${CPACK_PACKAGE_FILE_NAME})
set(CPACK_ARCHIVE_DEVELOPMENT_FILE_NAME krige-dev-${PROJECT_VERSION}-linux-x86_64)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME krige)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION science)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "A Gaussian process proposes the next point, the trial trains on a built-in
 parameter server or is any program, and a service with a dashboard keeps and
 shows everything.")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_BINARY_DIR}/${KRIGE_LIBRARY_DIR})
# In place of CPack's, which run ldconfig for libraries that are not in its folders.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/packages/postinst ${CMAKE_SOURCE_DIR}/packages/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME krige-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "The libraries krige::gp, a Gaussian process with its acquisition functions,
 and krige::tuner, studies and their methods, for CMake's find_package(krige).")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "krige (= ${PROJECT_VERSION}), libexpected-dev, libfmt-dev, libre2-dev, libsoci-dev, libyaml-cpp-dev, nlohmann-json3-dev")
include(CPack)
