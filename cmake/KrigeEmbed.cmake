# krige_embed(<variable> FILE <file> FUNCTION <name> NAMESPACE <namespace>): a generated source with the file's text as the value of
# `std::string_view NAMESPACE::NAME()`, put into <variable>. The text must not contain )embed".
function(krige_embed variable)
  cmake_parse_arguments(ARG "" "FILE;FUNCTION;NAMESPACE" "" ${ARGN})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ARG_FILE})
  file(READ ${ARG_FILE} KRIGE_EMBEDDED_TEXT)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${ARG_FUNCTION}.cc)
  string(CONCAT KRIGE_EMBEDDED_SOURCE
    "// Made of ${ARG_FILE}.\n#include <string_view>\n\nnamespace ${ARG_NAMESPACE} {\n\n"
    "std::string_view ${ARG_FUNCTION}() {\n  return R\"embed(${KRIGE_EMBEDDED_TEXT})embed\";\n}\n\n}  // namespace ${ARG_NAMESPACE}\n")
  file(CONFIGURE OUTPUT ${generated} CONTENT "@KRIGE_EMBEDDED_SOURCE@" @ONLY)
  # Longer than the standard promises; gcc and clang take it.
  set_source_files_properties(${generated} PROPERTIES COMPILE_OPTIONS "-Wno-overlength-strings;-Wno-missing-declarations")
  set(${variable} ${generated} PARENT_SCOPE)
endfunction()
