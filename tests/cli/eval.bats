#!/usr/bin/env bats
# lep-eval: metrics, requirements, exit statuses. Expected values by hand.

setup() {
  cd "$BATS_TEST_TMPDIR" || exit 1
  bats_require_minimum_version 1.5.0
  make=$BUILD/tests/tools/mkoutputs
  fields='field label target i32 - cat|dog|a]>=0.5
field class output i32 - dog|a]>=0.5|cat|horse
field probability output f32 4'
  good='record r1 0 2 0.1,0.1,0.7,0.1
record r2 0 0 0.5,0.1,0.3,0.1
record r3 1 0 0.9,0.1,0,0
record r4 2 1 0,1,0,0'
}

# The value of a top-level key of one line of JSON, up to the next key.
json() { sed -n "s/.*[{ ]\"$2\": \(\[[^a-z]*\]\|[^,}[]*\)[,}].*/\1/p" "$1"; }

@test "eval: table of classes, ids compared by name" {
  printf '%s\n' "$fields" "$good" | "$make" >s.lept
  run --separate-stderr lep-eval s.lept
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
  cat >want <<'X'
records                     4
accuracy               0.7500  (95 % interval 0.1941 to 0.9937)
balanced accuracy      0.8333
log loss               0.4165
kappa                  0.6364
mcc                    0.7000

class       precision     recall         f1    support  predicted
cat            1.0000     0.5000     0.6667          2          1
dog            0.5000     1.0000     0.6667          1          2
a]>=0.5        1.0000     1.0000     1.0000          1          1
horse               -          -          -          0          0
(macro)        0.8333     0.8333     0.7778
(weighted)     0.8750     0.7500     0.7500

confusion (a row is a target, a column what was given out)
               cat     dog a]>=0.5   horse
cat              1       1       0       0
dog              0       1       0       0
a]>=0.5          0       0       1       0
horse            0       0       0       0
X
  printf '%s\n' "$output" | diff want -
}

@test "eval: log loss by hand" {
  # -(ln 0.5 + ln 0.25) / 2 = 1.0397207708399179; 0 counts as 1e-15
  printf '%s\n' 'field label target i32 - a|b' 'field probability output f32 2' \
    'record a 0 0.5,0.5' 'record b 1 0.75,0.25' | "$make" >s.lept
  lep-eval --json s.lept >a
  [[ $(json a log_loss) == 1.03972077083991* ]]
  printf '%s\n' 'field label target i32 - a|b' 'field probability output f32 2' 'record a 0 0,1' | "$make" >s.lept
  lep-eval --json s.lept >a
  [[ $(json a log_loss) == 34.5387763949106* ]]
}

@test "eval: JSON is one object on one line, the same in any framing" {
  printf '%s\n' "$fields" "$good" | "$make" >s.lept
  printf '%s\n' "$fields" "$good" | "$make" 3 >p.lept
  lep-eval --json --top 2 s.lept >a
  lep-eval --json --top 2 <p.lept >b
  cmp a b
  [ "$(wc -l <a)" -eq 1 ]
  [ "$(json a accuracy)" = 0.75 ]
  [ "$(json a top2)" = 1 ]
  grep -qF '"classes": ["cat", "dog", "a]>=0.5", "horse"]' a
  grep -qF '"confusion": [[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]' a
  grep -qF '"horse": {"precision": null, "recall": null, "f1": null, "support": 0, "predicted": 0}' a
}

@test "eval: requirements met, several" {
  printf '%s\n' "$fields" "$good" | "$make" >s.lept
  run --separate-stderr lep-eval -q --require 'accuracy>=0.75' --require 'recall[a]>=0.5]>=1' \
    --require ' top2 == 1 ' --require 'f1.macro>0.77' --require 'precision.weighted<=.875' \
    --require 'log_loss<1' --require 'bad==0' --require 'support[cat]!=3' s.lept
  echo "$stderr"
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  [ -z "$stderr" ]
}

@test "eval: requirements not met: exit 3, one line, metrics all the same" {
  printf '%s\n' "$fields" "$good" | "$make" >s.lept
  lep-eval --json s.lept >want
  run --separate-stderr lep-eval --json --require 'accuracy>=0.985' --require 'recall[dog]>=1' \
    --require 'precision[cat]>1' s.lept
  [ "$status" -eq 3 ]
  [ "$output" = "$(cat want)" ]
  [ "$stderr" = "lep-eval: requirement not met: accuracy>=0.985 (is 0.75); precision[cat]>1 (is 1)" ]
}

@test "eval: an undefined value is not met, whatever is asked of it" {
  printf '%s\n' "$fields" "$good" | "$make" >s.lept
  for r in 'precision[horse]>=0' 'precision[horse]<=1' 'precision[horse]!=5'; do
    run --separate-stderr lep-eval -q --require "$r" s.lept
    [ "$status" -eq 3 ]
    [ "$stderr" = "lep-eval: requirement not met: $r (is undefined)" ]
  done
}

@test "eval: class names with blanks" {
  printf '%s\n' 'field label target i32 - New York|x y' 'field class output i32 - New York|x y' \
    'record r 0 0' | "$make" >s.lept
  run lep-eval -q --require 'recall[New York] >= 1' s.lept
  [ "$status" -eq 0 ]
}

@test "eval: an unknown metric or class is usage" {
  printf '%s\n' "$fields" "$good" | "$make" >s.lept
  while IFS= read -r r; do
    run --separate-stderr lep-eval --require "$r" s.lept
    [ "$status" -eq 2 ] || { echo "$r: $status"; false; }
    [ -z "$output" ]
    [[ $stderr == "lep-eval: requirement '$r': "* ]]
  done <<'X'
foo>1
precision>0.9
recall[mouse]>0.5
accuracy=1
accuracy
mse<1
accuracy[cat]>=1
support.macro>1
f1.micro>1
accuracy>=
accuracy>=nan
accuracy>=0x1
accuracy>=1%
recall[cat>=1
top0>1
top101>1
X
}

@test "eval: the metrics may be written to a file; a failed run leaves none" {
  printf '%s\n' "$fields" "$good" | "$make" >s.lept
  run lep-eval --json -o m.json --require 'accuracy>=0.9' s.lept
  [ "$status" -eq 3 ]
  [ "$(json m.json accuracy)" = 0.75 ]
  head -c 500 s.lept >cut.lept
  run lep-eval --json -o n.json cut.lept
  [ "$status" -eq 1 ]
  [ ! -e n.json ]
}

@test "eval: bad records count as wrong, or are left out" {
  printf '%s\n' "$fields" "$good" 'bad r5' | "$make" >s.lept
  lep-eval --json s.lept >a
  [ "$(json a accuracy)" = 0.6 ]
  [ "$(json a bad)" = 1 ]
  [ "$(json a cases)" = 5 ]
  lep-eval --json --bad skip s.lept >a
  [ "$(json a accuracy)" = 0.75 ]
  [ "$(json a bad)" = 1 ]
  [ "$(json a records)" = 5 ]
  run lep-eval s.lept
  [[ $output == *"bad                         1  (counted as wrong)"* ]]
}

@test "eval: targets without a class are left out and counted; an answer without one is wrong" {
  printf '%s\n' "$fields" "$good" 'record r5 -1 0 1,0,0,0' 'record r6 1 -1 1,0,0,0' | "$make" >s.lept
  lep-eval --json s.lept >a
  [ "$(json a accuracy)" = 0.6 ]
  [ "$(json a unlabelled)" = 1 ]
  [ "$(json a none)" = 1 ]
  run lep-eval s.lept
  [[ $output == *"(none)"* ]]
}

@test "eval: probabilities alone, and one probability of two classes" {
  printf '%s\n' 'field label target i32 - no|yes' 'field probability output f32 1' \
    'record a 1 0.75' 'record b 0 0.25' 'record c 0 0.5' 'record d 1 0.25' | "$make" >s.lept
  lep-eval --json --top 1 s.lept >a
  [ "$(json a accuracy)" = 0.75 ]
  [ "$(json a top1)" = 0.75 ]
  [ "$(json a confusion)" = '[[2, 0], [1, 1]]' ]
}

@test "eval: sequences: every element is a case" {
  printf '%s\n' 'field next target i32 * a|b' 'field class output i32 * a|b' \
    'record x 0,1,1 0,1,0' 'record y 1,-1 1,0' | "$make" 2 >s.lept
  lep-eval --json s.lept >a
  [ "$(json a accuracy)" = 0.75 ]
  [ "$(json a unlabelled)" = 1 ]
}

@test "eval: numbers" {
  printf '%s\n' 'field y target f32 -' 'field prediction output f32 -' \
    'record a 3 2.5' 'record b -0.5 0' 'record c 2 2' 'record d 7 8' | "$make" >s.lept
  lep-eval --json s.lept >a
  [[ $(cat a) == *'"mse": 0.375, '*'"mae": 0.5, "r2": 0.94860813704496'* ]]
  run --separate-stderr lep-eval --require 'mse[0]<0.1' s.lept
  [ "$status" -eq 3 ]
  [ "$stderr" = "lep-eval: requirement not met: mse[0]<0.1 (is 0.375)" ]
  run lep-eval --require 'mse[1]<0.1' s.lept
  [ "$status" -eq 2 ]
  run lep-eval --require 'accuracy>0.1' s.lept
  [ "$status" -eq 2 ]
}

@test "eval: several outputs, and a bad record of numbers" {
  printf '%s\n' 'field y target f32 2' 'field prediction output f32 2' \
    'record a 3,7 2.5,7' 'record b -0.5,7 0,8' 'record c 2,7 2,7' 'record d 7,7 8,7' 'bad e' | "$make" 4 >s.lept
  lep-eval --json --bad skip s.lept >a
  grep -qF '"mse": 0.3125, ' a
  grep -qF '{"mse": 0.25, "rmse": 0.5, "mae": 0.25, "r2": null}' a
  run --separate-stderr lep-eval -q --require 'mse<100' s.lept
  [ "$status" -eq 3 ]
  [ "$stderr" = "lep-eval: requirement not met: mse<100 (is undefined)" ]
}

@test "eval: --target and --prediction choose" {
  printf '%s\n' 'field a target i32 - x|y' 'field b target i32 - x|y' 'field pa output i32 - x|y' \
    'field pb output i32 - x|y' 'record r 0 1 0 0' | "$make" >s.lept
  run --separate-stderr lep-eval s.lept
  [ "$status" -eq 2 ]
  [[ $stderr == *"2 fields could be meant: choose one with --target"* ]]
  run --separate-stderr lep-eval --target a s.lept
  [ "$status" -eq 2 ]
  [[ $stderr == *"choose one with --prediction"* ]]
  run lep-eval -q --target a --prediction pa --require 'accuracy==1' s.lept
  [ "$status" -eq 0 ]
  run lep-eval -q --target b --prediction pb --require 'accuracy==0' s.lept
  [ "$status" -eq 0 ]
  run lep-eval --target c s.lept
  [ "$status" -eq 2 ]
}

@test "eval: --top without probabilities is usage" {
  printf '%s\n' 'field label target i32 - x|y' 'field class output i32 - x|y' 'record r 0 1' | "$make" >s.lept
  run lep-eval --top 2 s.lept
  [ "$status" -eq 2 ]
  run lep-eval --require 'top1>0' s.lept
  [ "$status" -eq 2 ]
  run lep-eval --require 'log_loss<1' s.lept
  [ "$status" -eq 2 ]
}
