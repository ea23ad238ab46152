# Every library comes from Debian 12; script/bootstrap installs the packages.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(tl-expected REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(ZLIB REQUIRED)

if(KRIGE_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
