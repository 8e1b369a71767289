#!/usr/bin/env bats
# Recurrent layers, their dropout included: learnt, resumed and used.

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  # Sentences of up to 9 words, some empty, one long: yes where `good` comes after
  # the last `bad`, which no count of words tells.
  {
    echo 'field text input i32 * the|of|good|bad|on|at|it'
    echo 'field label target i32 - no|yes'
    awk 'BEGIN { s = 5
      for (r = 0; r < 160; r++) {
        n = r == 20 ? 70 : r % 10; line = ""; last = 0
        for (i = 0; i < n; i++) {
          s = (s * 1103 + 12345) % 65536
          w = int(s / 256) % 7
          last = w == 2 ? 1 : w == 3 ? 0 : last
          line = line (i ? "," : "") w
        }
        print "record r" r, n ? line : "-", last
      } }'
  } | "$BUILD/tests/tools/mkoutputs" >texts.lept || return
  cat >texts.net <<'X'
embed 7
lstm 12 both dropout 0.2 recurrent_dropout 0.3
residual { gru 24 reverse recurrent_dropout 0.1 }
rnn 9 last dropout 0.1
dense classes softmax
X
}

setup() {
  cd "$BATS_TEST_TMPDIR" || exit 1
  bats_require_minimum_version 1.5.0
  d=$BATS_FILE_TMPDIR
  all=(-q -n "$d/texts.net" -e 3 -b 48 --seed 3 --validation 0.2)
}

ok() {
  run --separate-stderr -0 lep-train "$@"
}

@test "recurrent: the same model for any -j and LEP_ISA, dropout included" {
  ok "${all[@]}" -o one.lepm -j 1 "$d/texts.lept"
  for j in 2 3; do
    ok "${all[@]}" -o more.lepm -j $j "$d/texts.lept"
    cmp one.lepm more.lepm
  done
  for isa in portable avx2; do
    LEP_ISA=$isa ok "${all[@]}" -o isa.lepm -j 2 "$d/texts.lept"
    cmp one.lepm isa.lepm
  done
  # What is dropped follows from the seed.
  ok "${all[@]}" --seed 4 -o other.lepm "$d/texts.lept"
  run -1 cmp -s one.lepm other.lepm
}

@test "recurrent: a killed run goes on in the middle of an epoch and ends in the same bytes" {
  long=(-q -n "$d/texts.net" -e 200 -b 16 --seed 3 --validation 0.2 -j 2)
  ok "${long[@]}" -o whole.lepm "$d/texts.lept"
  for _ in 1 2 3; do
    timeout -s INT 0.1 lep-train "${long[@]}" -o cut.lepm --checkpoint c.lepc --every 0.01 --resume "$d/texts.lept" || true
  done
  [ -e c.lepc ]
  ok "${long[@]}" -o cut.lepm --checkpoint c.lepc --resume "$d/texts.lept"
  cmp whole.lepm cut.lepm
}

@test "recurrent: order is learnt, and a record has the same outputs alone and in any batch" {
  ok -q --layers 'embed 7; lstm 16 last; dense classes' -e 80 -b 16 --lr 0.01 --seed 1 -o m.lepm "$d/texts.lept"
  run -0 lep-eval --require 'accuracy>=0.95' <(lep-infer -m m.lepm "$d/texts.lept")
  ok "${all[@]}" -o m.lepm "$d/texts.lept"
  lep-infer -m m.lepm --layer lstm1 "$d/texts.lept" >whole.lept
  for how in '-b 1 -j 1' '-b 7 -j 3' '-b 1000 -j 2'; do
    # shellcheck disable=SC2086
    lep-infer -m m.lepm --layer lstm1 $how "$d/texts.lept" | cmp - whole.lept
  done
}

@test "recurrent: reverse weights have names of their own, and are not taken for forward ones" {
  ok -q --layers 'embed 7; lstm 4 last; dense classes' -e 1 -o forward.lepm "$d/texts.lept"
  ok --layers 'embed 7; lstm 4 both last; dense classes' --from forward.lepm -e 1 -o both.lepm "$d/texts.lept"
  [[ $stderr == *'taken lstm1.u'* ]]
  [[ $stderr == *'new   lstm1.u_reverse'* ]]
  run --separate-stderr -1 lep-train -q --layers 'lstm 4' -e 1 -o x.lepm "$d/texts.lept"
  [[ $stderr == *'lstm: its input holds ids; an embed line belongs before it'* ]]
}
