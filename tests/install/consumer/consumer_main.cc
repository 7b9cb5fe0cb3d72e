// Links the installed library: wrong include directories, missing archives and missing dependencies all end here.
#include <latium/error.h>

#include <iostream>

int main() {
  std::cout << latium::to_string(latium::ErrorCode::not_found) << '\n';
  return latium::exit_status(latium::ErrorCode::not_found) == 1 ? 0 : 1;
}
