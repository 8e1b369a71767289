#!/usr/bin/env bats
# The same bytes whatever the compiler: the programs built a second time by the
# other one of gcc and clang, on every instruction set that this machine has.

other_compiler() {
  if "${CC:-cc}" --version | grep -qi clang; then echo gcc; else echo clang; fi
}

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  other=$(other_compiler)
  command -v "$other" >/dev/null || return 0
  "$BUILD/tests/tools/mkdigits" . 60 20 || return
  lep-preprocess --gray -o train.lept train || return
  lep-preprocess --like train.lept -o test.lept test || return
  cat >residual.net <<'X'
augment flip
augment rotate 10
augment mixup 0.2
conv 12 3x3 same bias no
batchnorm relu
residual { conv 24 3x3 same stride 2; batchnorm gelu; conv 24 3x3 same; batchnorm } { conv 24 1x1 stride 2 }
maxpool 2
globalavgpool
dropout 0.2
layernorm
dense classes softmax
X
  # Programs only, and apart from the build under test.
  make -s -C "$BATS_TEST_DIRNAME/../.." -j2 CC="$other" CFLAGS=-O3 BUILD="$PWD/other" \
    "$PWD/other/bin/lep-train" "$PWD/other/bin/lep-infer" >make.log 2>&1 || { cat make.log; return 1; }
}

setup() {
  cd "$BATS_TEST_TMPDIR" || exit 1
  d=$BATS_FILE_TMPDIR
  other=$(other_compiler)
  command -v "$other" >/dev/null || skip "there is no $other here"
  isas=(portable)
  ! grep -qw avx2 /proc/cpuinfo || isas+=(avx2)
  ! grep -qw avx512f /proc/cpuinfo || isas+=(avx512)
}

# same NET ARGUMENT...: models and outputs of both builds
same() {
  local net=$1 isa
  shift
  lep-train -q -n "$net" --seed 2 "$@" -o ours.lepm "$d/train.lept"
  lep-infer -m ours.lepm -o ours.lept "$d/test.lept"
  for isa in "${isas[@]}"; do
    LEP_ISA=$isa "$d/other/bin/lep-train" -q -n "$net" --seed 2 "$@" -o theirs.lepm "$d/train.lept"
    LEP_ISA=$isa "$d/other/bin/lep-infer" -m theirs.lepm -o theirs.lept "$d/test.lept"
    cmp ours.lepm theirs.lepm || { echo "$isa"; return 1; }
    cmp ours.lept theirs.lept || { echo "$isa"; return 1; }
  done
}

@test "compilers: gcc and clang make the same digit model and outputs" {
  same digits -e 1 -b 32
}

@test "compilers: gcc and clang make the same residual model and outputs" {
  same "$d/residual.net" -e 2 -b 24 --optimizer adamw --schedule cosine --clip 1 --average 0.9 --smoothing 0.1
}
