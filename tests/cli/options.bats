#!/usr/bin/env bats
# What every program inherits from lib/cli, shown on tests/tools/fakecmd.c.

setup() {
  fake=$BUILD/tests/tools/fakecmd
  cd "$BATS_TEST_TMPDIR"
}

# capture COMMAND...: status, the files out and err
capture() {
  status=0
  "$@" >out 2>err </dev/null || status=$?
}

@test "options and operands mix; data on stdout, talk on stderr" {
  capture "$fake" a -n 3 --rate=0.5 - -vv -- -b
  [ "$status" -eq 0 ]
  [ "$(head -n 1 out)" = "fakecmd $("$fake" --version | cut -d' ' -f2) --count 3 --rate 0.5" ]
  grep -qx 'operand a' out
  grep -qx 'operand -' out
  grep -qx 'operand -b' out
  [ "$(cat err)" = $'fakecmd: a warning\nfakecmd: an explanation\na note' ]
}

@test "-q leaves nothing but errors" {
  capture "$fake" -q -v
  [ "$status" -eq 0 ]
  [ ! -s err ]
  capture "$fake" -q fail
  [ "$status" -eq 1 ]
  [ -s err ]
}

@test "bad usage: two lines, exit 2, nothing on stdout" {
  for bad in --nonsense -x --rate=2 --rate= '--count 1x' '--colour grey' '--memory 1Z' --count --quiet=1; do
    # shellcheck disable=SC2086
    capture "$fake" $bad
    echo "$bad: $status: $(cat err)"
    [ "$status" -eq 2 ]
    [ ! -s out ]
    [ "$(wc -l <err)" -eq 2 ]
    [[ $(head -n 1 err) == "fakecmd: "* ]]
    [ "$(tail -n 1 err)" = "Try 'fakecmd --help'." ]
  done
}

@test "an abbreviated long option is unknown" {
  capture "$fake" --ver
  [ "$status" -eq 2 ]
}

@test "a control character in an argument cannot steer the terminal" {
  capture "$fake" $'--\e[31m'
  [ "$status" -eq 2 ]
  if grep -q $'\e' err; then false; fi
  capture "$fake" fail
  if grep -q $'\e' err; then false; fi
}

@test "failure and unmet requirement: 1 and 3, one line each" {
  capture "$fake" fail
  [ "$status" -eq 1 ]
  [ "$(cat err)" = 'fakecmd: file: place: cause\x1b[31m' ]
  capture "$fake" unmet
  [ "$status" -eq 3 ]
  [ "$(wc -l <err)" -eq 1 ]
}

@test "a closed or full standard output exits 1" {
  status=0
  "$fake" -q >&- 2>err || status=$?
  [ "$status" -eq 1 ]
  [[ $(cat err) == "fakecmd: <stdout>: "* ]]
  for what in -q --help --version '--completion bash'; do
    status=0
    # shellcheck disable=SC2086
    "$fake" $what >/dev/full 2>err || status=$?
    [ "$status" -eq 1 ]
    [ "$(cat err)" = "fakecmd: <stdout>: No space left on device" ]
  done
}

@test "a closed standard output does not matter where nothing is written" {
  "$fake" silent >&-
}

@test "closed stdin and stderr are no obstacle" {
  "$fake" -q >out <&- 2>&-
  grep -q threads out
}

@test "a signal ends in order and shows in the exit status" {
  for sig in INT TERM HUP; do
    # A script's background jobs ignore SIGINT; env gives the default back.
    env --default-signal=INT,TERM,HUP "$fake" wait >ready 2>err &
    pid=$!
    until grep -q ready ready; do kill -0 "$pid"; sleep 0.02; done
    kill -s "$sig" "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq $((128 + $(kill -l "$sig"))) ]
    [ "$(wc -l <err)" -eq 1 ]
    rm -f ready
  done
}

@test "a signal ignored from the start stays ignored" {
  (trap '' HUP; exec "$fake" wait >ready 2>err) &
  pid=$!
  until grep -qs ready ready; do kill -0 "$pid"; sleep 0.02; done
  kill -s HUP "$pid"
  sleep 0.1
  kill -s TERM "$pid"
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq 143 ]
}

@test "SIGPIPE is deadly again, and quiet" {
  # The reader is gone before the writer begins.
  mkfifo pipe gone
  (
    trap '' PIPE
    exec 3>pipe
    : >opened
    cat gone
    status=0
    "$fake" -q >&3 2>err || status=$?
    echo $status >status
  ) &
  writer=$!
  cat </dev/null pipe >/dev/null &
  reader=$!
  until [ -e opened ]; do sleep 0.02; done
  kill $reader
  wait $reader || true
  : >gone
  wait $writer
  [ "$(cat status)" -eq 141 ]
  [ ! -s err ]
}

@test "a mapped file that shrinks is one line" {
  capture "$fake" shrink "$PWD/mapped"
  [ "$status" -eq 1 ]
  [ "$(cat err)" = "fakecmd: a mapped file shrank while it was read" ]
}

@test "threads: -j, else LEP_THREADS, else the processors allowed" {
  [ "$("$fake" -j 3 threads)" = 3 ]
  [ "$(LEP_THREADS=5 "$fake" threads)" = 5 ]
  [ "$(LEP_THREADS=5 "$fake" -j 3 threads)" = 3 ]
  [ "$(taskset -c 0 "$fake" threads)" = 1 ]
  for bad in 0 -1 x 1.5 99999 ' 1'; do
    LEP_THREADS=$bad capture "$fake" threads
    [ "$status" -eq 2 ]
    [[ $(head -n 1 err) == "fakecmd: LEP_THREADS: "* ]]
  done
}

@test "binary data does not go to a terminal unless forced" {
  command -v script >/dev/null || skip "no script(1)"
  script -qec "$fake terminal" /dev/null >out </dev/null || status=$?
  [ "$status" -eq 2 ]
  grep -q 'does not go to a terminal' out
  script -qec "$fake --force terminal" /dev/null </dev/null
}

@test "provenance: short, full, none; never the ways of running" {
  capture "$fake" -q -j 2 -o x --colour=blue -l "it's"
  [[ $(head -n 1 out) == "fakecmd "*" --list 'it'\\''s' --colour blue" ]]
  capture "$fake" -q --provenance full -n1 'a b'
  [[ $(head -n 1 out) == "fakecmd "*" --count 1 # fakecmd -q --provenance full -n1 'a b'" ]]
  capture "$fake" -q --provenance=none -n1
  [ "$(head -n 1 out)" = "(none)" ]
}

@test "its completions parse in bash, and complete" {
  "$fake" --completion bash >c.bash
  bash -n c.bash
  # shellcheck disable=SC2016
  run bash -c '. ./c.bash; COMP_WORDS=(fakecmd --col); COMP_CWORD=1; _fakecmd 2>/dev/null; echo "${COMPREPLY[*]}"
    COMP_WORDS=(fakecmd --colour = g); COMP_CWORD=3; _fakecmd 2>/dev/null; echo "${COMPREPLY[*]}"'
  [ "$output" = $'--colour\ngreen' ]
  capture "$fake" --completion csh
  [ "$status" -eq 2 ]
}
