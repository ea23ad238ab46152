# krige_bundle_web(<variable>): bundles web/ at build time and puts the generated C++ source that holds the bundle into
# <variable>. The bundle itself is in ${KRIGE_WEB_DIST}, for the tests that drive a browser.
set(KRIGE_WEB_DIST ${CMAKE_BINARY_DIR}/web/dist CACHE INTERNAL "The bundled dashboard")

function(krige_bundle_web variable)
  find_program(NODE_EXECUTABLE NAMES node nodejs)
  if(NOT NODE_EXECUTABLE)
    message(FATAL_ERROR "The dashboard needs node: run script/bootstrap, or configure with -DKRIGE_WEB=OFF.")
  endif()
  set(web ${CMAKE_SOURCE_DIR}/web)
  if(NOT EXISTS ${web}/node_modules/esbuild)
    message(FATAL_ERROR "npm packages of web/ are missing: run script/bootstrap, or configure with -DKRIGE_WEB=OFF.")
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${web}/src/*)
  set(generated ${CMAKE_BINARY_DIR}/web/bundle.cc)
  add_custom_command(
    OUTPUT ${generated}
    COMMAND ${NODE_EXECUTABLE} ${web}/build.mjs ${KRIGE_WEB_DIST}
    COMMAND ${NODE_EXECUTABLE} ${web}/embed.mjs ${KRIGE_WEB_DIST} ${generated}
    DEPENDS ${sources} ${web}/build.mjs ${web}/embed.mjs ${web}/package-lock.json
    COMMENT "Bundling the dashboard"
    VERBATIM)
  # A literal of half a megabyte is longer than the standard promises; gcc and clang take it.
  set_source_files_properties(${generated} PROPERTIES COMPILE_OPTIONS -Wno-overlength-strings)
  set(${variable} ${generated} PARENT_SCOPE)
endfunction()
