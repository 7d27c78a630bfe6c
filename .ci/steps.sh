# Sourced by run and nightly.

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# Packages of the system, those that are missing.
install() {
  dpkg -s "$@" &>/dev/null && return
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@")
  as_root "${apt[@]}" || { as_root apt-get update -q && as_root "${apt[@]}"; }
}
