#!/usr/bin/env bats
# lep-preprocess on tables: numbers, categories, targets; what is measured, and --like.

setup() {
  case ${BUILD:-build} in
  /*) tools=$BUILD/tests/tools ;;
  *) tools=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/${BUILD:-build}/tests/tools ;;
  esac
  cd "$BATS_TEST_TMPDIR" || return 1
}

# capture COMMAND...: status, the files out and err; input from the file `in`
capture() {
  status=0
  "$@" <"${in:-/dev/null}" >out 2>err || status=$?
}

good() {
  capture "$@"
  if [ "$status" -ne 0 ] || [ -s err ]; then
    echo "$*: $status: $(cat err)"
    return 1
  fi
}

# values FIELD STREAM: its numbers, a line a record
values() { lep-cat --keep "$1" --jsonl --values "$2" | sed 's/.*"values": \[*\([^]}]*\).*/\1/; s/ //g'; }

# recipe FIELD STREAM
recipe() { lep-cat --json "$2" | grep -o "\"name\": \"$1\".*" | grep -o '"recipe": "[^"]*"' | head -n 1 | cut -d '"' -f 4; }

people() {
  printf 'age,income,city,bought\n30,1000,Paris,yes\n40,3000,Rome,no\n50,2000,Paris,yes\n60,2000,Oslo,no\n' >t.csv
}

all=x1,x2,x3,x4,x5,x6,x7,x8,x9,x10,x11,x12

@test "numbers and categories are one vector; its table names the elements" {
  people
  good lep-preprocess --category city --number age,income --label bought --scale none -o s t.csv
  [ "$(lep-cat --table features s | tr '\n' ' ')" = 'age income city=Oslo city=Paris city=Rome ' ]
  [ "$(recipe features s)" = 'numbers 2 onehot 3 rules 1 missing fail scale none' ]
  [ "$(values features s | tr '\n' ' ')" = '30,1000,0,1,0 40,3000,0,0,1 50,2000,0,1,0 60,2000,1,0,0 ' ]
  [ "$(lep-cat --csv s | head -n 1)" = 'key,features[age],features[income],features[city=Oslo],features[city=Paris],features[city=Rome],bought' ]
  good lep-preprocess --like s -o t t.csv
  lep-cat --keep bought --csv s | cmp - <(printf 'key,bought\n2,yes\n3,no\n4,yes\n5,no\n')
}

@test "a star is all other columns" {
  printf 'id,a,city,b,y,c\n7,1,x,2,0,3\n8,4,y,5,1,6\n' >t.csv
  good lep-preprocess --number '*' --category city --target-number y --key id --scale none -o s t.csv
  [ "$(lep-cat --table features s | tr '\n' ' ')" = 'a b c city=x city=y ' ]
  [ "$(values features s | tr '\n' ' ')" = '1,2,3,1,0 4,5,6,0,1 ' ]
  good lep-preprocess --like s --key id t.csv
  [ "$(values features out)" = "$(values features s)" ]
  good lep-preprocess --number c,'*' --category city --target-number y --key id -o s t.csv
  [ "$(lep-cat --table features s | tr '\n' ' ')" = 'c a b city=x city=y ' ]
  [ "$(recipe features s)" = 'numbers 3 onehot 2 rules 1 missing fail scale 4.5,2.5,3.5:1.5,1.5,1.5' ]
  lep-preprocess --number c,'*' --category city --target-number y --key id --format csv < <(cat t.csv) | lep-cat --csv | cmp - <(lep-cat --csv s)
}

@test "measured: mean and deviation, range, a given scale; a constant column becomes 0" {
  printf 'a,b,c\n1,5,1e9\n3,5,1000000001\n5,5,1000000002\n7,5,1000000003\n' >t.csv
  good lep-preprocess --number a,b,c -o s t.csv
  [ "$(recipe features s)" = 'numbers 3 rules 1 missing fail scale 4,5,1000000001.5:2.23606797749979,1,1.118033988749895' ]
  values features s | cmp - <(printf -- '-1.3416408,0,-1.3416408\n-0.4472136,0,-0.4472136\n0.4472136,0,0.4472136\n1.3416408,0,1.3416408\n')
  good lep-preprocess --number a,b --scale minmax -o s t.csv
  [ "$(recipe features s)" = 'numbers 2 rules 1 missing fail scale 1,5:6,1' ]
  [ "$(values features s | tr '\n' ' ')" = '0,0 0.33333334,0 0.6666667,0 1,0 ' ]
  good lep-preprocess --number a,b --scale 1,0:2 -o s t.csv
  [ "$(values features s | tr '\n' ' ')" = '0,2.5 1,2.5 2,2.5 3,2.5 ' ]
}

@test "missing: the mean, the exact median, a number; what counts as missing" {
  printf 'a,b\n1,1\n,2\n10,6\nNA,NaN\n 4 , \nN/A,nan\n3,null\nNULL,None\n' >t.csv
  for rule in mean=4.5,3 median=3.5,2 -7.5=-7.5,-7.5; do
    good lep-preprocess --number a,b --missing "${rule%=*}" --scale none -o s t.csv
    [ "$(recipe features s)" = "numbers 2 rules 1 missing ${rule#*=} scale none" ]
  done
  [ "$(values features s | tr '\n' ' ')" = '1,1 -7.5,2 10,6 -7.5,-7.5 4,-7.5 -7.5,-7.5 3,-7.5 -7.5,-7.5 ' ]
  capture lep-preprocess --number a t.csv
  [ "$status" -eq 1 ]
  [ "$(cat err)" = "lep-preprocess: t.csv: line 3: 'a' is missing" ]
}

@test "a missing category is zeros, or the id -1, where missing does not fail" {
  printf 'c,d\nx,1\n,2\ny,3\n' >t.csv
  good lep-preprocess --category c --missing 0 -o s t.csv
  [ "$(recipe features s)" = 'numbers 0 onehot 2 rules 1 missing none' ]
  [ "$(values features s | tr '\n' ' ')" = '1,0 0,0 0,1 ' ]
  good lep-preprocess --category c --encode ids --missing 0 -o s t.csv
  [ "$(recipe c s)" = 'category rules 1 missing none' ]
  lep-cat --csv s | cmp - <(printf 'key,c\n2,x\n3,\n4,y\n')
}

@test "targets as numbers: one, several; scaled only while they are learnt" {
  printf 'a,y,z\n1,10,100\n2,20,300\n' >t.csv
  good lep-preprocess --number a --target-number y -o s t.csv
  [ "$(recipe y s)" = 'numbers 1 rules 1 missing fail scale none' ]
  lep-cat --keep y --csv s | cmp - <(printf 'key,y\n2,10\n3,20\n')
  good lep-preprocess --number a --target-number y,z -o s t.csv
  [ "$(values target s | tr '\n' ' ')" = '10,100 20,300 ' ]
  awk -v OFS=, 'BEGIN { print "a,b,y,z"; for (i = 0; i < 500; i++) print i % 7, i % 11, 300000 + 5000 * (i % 7) - 2000 * (i % 11), i % 7 / 1e6 }' >t.csv
  for scale in measure minmax 300000,0:1e4,1e-6; do
    good lep-preprocess --number a,b --target-number y,z --target-scale $scale -o s t.csv
    [ "$(values target s | sed -n 2p)" = '303000,1e-06' ]
    lep-train -q -n <(echo 'dense 2') -e 60 --lr 0.05 --validation 0.1 --seed 1 -o m s
    lep-preprocess --like m --target-number y,z t.csv | lep-infer -m m | lep-eval --require 'r2[0]>=0.999' --require 'r2[1]>=0.999' --require 'rmse[0]<=500'
  done
  good lep-preprocess --number a,b --target-number y,z --target-scale none -o s t.csv
  lep-train -q -n <(echo 'dense 2') -e 60 --lr 0.05 --seed 1 -o m s
  lep-preprocess --like m --target-number y,z t.csv | lep-infer -m m >p
  run lep-eval --require 'r2[0]>=0.999' p
  [ "$status" -eq 3 ]
}

@test "--like: the same bytes for the same rows; targets may lack; columns by other names" {
  people
  good lep-preprocess --number age,income --category city --label bought --missing mean --provenance none -o s t.csv
  good lep-preprocess --like s --provenance none t.csv
  cmp out s
  awk -F, -v OFS=, '{ print $3, $1, $2 }' t.csv >x.csv
  good lep-preprocess --like s x.csv
  [ "$(values features out)" = "$(values features s)" ]
  [ "$(lep-cat --json out | grep -c '"bought"')" -eq 0 ]
  sed 's/city,age,income/town,years,euro/' x.csv >y.csv
  good lep-preprocess --like s --number years,euro --category features=town y.csv
  [ "$(values features out)" = "$(values features s)" ]
  capture lep-preprocess --like s --number years y.csv
  [ "$status" -eq 2 ]
  [ "$(head -n 1 err)" = "lep-preprocess: --number years: 1 column, and field 'features' of s wants 2" ]
  good lep-preprocess --number age,income --target-number income -o s t.csv
  cut -d, -f 1 t.csv >x.csv
  capture lep-preprocess --like s x.csv
  [ "$(cat err)" = "lep-preprocess: no column 'income', and field 'features' needs it" ]
}

@test "a category that training did not see: fail, skip, none" {
  people
  good lep-preprocess --number age --category city --scale none -o s t.csv
  printf 'age,city\n1,Rome\n2,Bonn\n' >x.csv
  capture lep-preprocess --like s x.csv
  [ "$status" -eq 1 ]
  [ "$(cat err)" = "lep-preprocess: x.csv: line 3: 'city': category 'Bonn' is not among those of s" ]
  capture lep-preprocess --like s --unknown skip -o k x.csv
  [ "$(wc -l <err)" -eq 2 ]
  [ "$(values features k)" = 1,0,0,1 ]
  good lep-preprocess --like s --unknown none -o k x.csv
  [ "$(values features k | tail -n 1)" = 2,0,0,0 ]
}

@test "file and pipe, -j, LEP_ISA, --pack, blocks and rows: the same records" {
  "$tools/mktable" 60000 2>/dev/null | awk -F, -v OFS=, '
    NR % 9 == 3 { $14 = "\"" $14 "\"" } NR % 1000 == 7 { $14 = "\"a \"\"b\"\",\n c\"" } NR > 1 && NR % 77 == 5 { $3 = "" } 1' >t.csv
  set -- --number $all --category city --label class --missing median --provenance none
  good lep-preprocess "$@" -j 1 -o s t.csv
  for j in 2 3; do
    good lep-preprocess "$@" -j $j t.csv
    cmp out s
  done
  LEP_ISA=portable lep-preprocess "$@" t.csv | cmp - s
  lep-preprocess "$@" --format csv < <(cat t.csv) | cmp - s
  lep-preprocess "$@" --spool-limit 64K < <(gzip -c t.csv) | cmp - s
  lep-preprocess "$@" --pack 1000 -o p t.csv
  lep-cat --keep features --keep class --csv s >a
  lep-cat --keep features --keep class --csv p | cmp - a
  # Rows one by one, as they come: no second pass, or a text beside them.
  lep-preprocess --like s --provenance none --format csv < <(cat t.csv) | cmp - s
  lep-preprocess --text id "$@" t.csv | lep-cat --keep features --keep class --csv | cmp - a
  [ "$(lep-cat --keep class --csv s | wc -l)" -eq 60001 ]
}

@test "without a header columns are numbers" {
  printf '1,x,p\n2,y,q\n3,x,p\n' >t.csv
  good lep-preprocess --no-header --number 1 --category 2 --label 3 --scale none -o s t.csv
  [ "$(lep-cat --table features s | tr '\n' ' ')" = '1 2=x 2=y ' ]
  [ "$(values features s | tr '\n' ' ')" = '1,1,0 2,0,1 3,1,0 ' ]
  lep-cat --keep label --csv s | cmp - <(printf 'key,label\n1,p\n2,q\n3,p\n')
}

@test "keys: a column's, the line's number" {
  printf 'a,when\n1,2020-01-01 00:00:00\n2,2020-01-01 00:00:01\n' >t.csv
  good lep-preprocess --number a --key when -o s t.csv
  lep-cat --tsv s | cut -f 1 | tail -n 1 | grep -qx '2020-01-01 00:00:01'
  good lep-preprocess --number a --key a -o s t.csv
  [ "$(lep-cat --tsv s | tail -n 1 | cut -f 1)" = 2 ]
}

@test "JSON Lines: numbers as they are spelled, null and absent are missing" {
  printf '%s\n' '{"a": 1, "c": "x", "y": 0}' '{"a": "2.5", "c": 7, "y": 1}' '{"a": null, "c": true, "y": 1}' '{"c": "x", "y": 1}' >t.jsonl
  good lep-preprocess --number a --category c --missing 9 --target-number y --scale none -o s t.jsonl
  [ "$(lep-cat --table features s | tr '\n' ' ')" = 'a c=7 c=true c=x ' ]
  [ "$(values features s | tr '\n' ' ')" = '1,0,0,1 2.5,1,0,0 9,0,1,0 9,0,0,1 ' ]
  printf '{"a": 3, "c": "x"}\n{"a": 4, "c": 7}\n' >u.jsonl
  good lep-preprocess --like s u.jsonl
  [ "$(values features out | tr '\n' ' ')" = '3,0,0,1 4,1,0,0 ' ]
  printf 'a\tc\n3\tx\n4\t7\n' >u.tsv
  good lep-preprocess --like s u.tsv
  [ "$(values features out | tr '\n' ' ')" = '3,0,0,1 4,1,0,0 ' ]
}

@test "text, numbers, categories, ids and a label in one record" {
  printf 'q,n,c,d,y\nhow much,1,a,u,p\nhow,2,b,v,q\n' >t.csv
  good lep-preprocess --text q --number n --category c --label y -o s t.csv
  [ "$(lep-cat --json s | grep -o '"name": "[a-z]*"' | tr -d '\n')" = '"name": "q""name": "features""name": "y"' ]
  good lep-preprocess --number size=n --category size=c --provenance none -o s t.csv
  [ "$(lep-cat --table size s | tr '\n' ' ')" = 'n c=a c=b ' ]
  good lep-preprocess --text q --number n --category other=d --encode ids --provenance none -o s t.csv
  [ "$(lep-cat --table other s | tr '\n' ' ')" = 'u v ' ]
  good lep-preprocess --like s --category other=d --provenance none t.csv
  cmp out s
}

@test "byte order mark, CR LF, no last line end, blanks, empty lines, a column with a comma" {
  printf '\xef\xbb\xbf"a,b",c\r\n 1 ,x\r\n\r\n"2",y\r\n3e0,x' >t.csv
  good lep-preprocess --number 'a\,b' --category c --scale none -o s t.csv
  [ "$(values features s | tr '\n' ' ')" = '1,1,0 2,0,1 3,1,0 ' ]
  [ "$(lep-cat --tsv s | cut -f 1 | tr '\n' ' ')" = 'key 2 4 5 ' ]
}

@test "a table is trained and scored as its maker implies; the articles' 64-32-1" {
  "$tools/mktable" 20000 >t.csv 2>truth
  "$tools/mktable" 5000 2 >u.csv 2>>truth
  set -- --number $all --category city --pack 64
  lep-preprocess "$@" --target-number y t.csv | lep-train -q -n <(echo 'dense 1') -e 20 --lr 0.1 --seed 1 -o y.lepm
  lep-preprocess --like y.lepm u.csv | lep-infer -m y.lepm | lep-eval --require 'r2>=0.89' --require 'r2<=0.91' \
    --require 'r2_lower>=0.88' --require 'r2_upper<=0.92' --require 'rmse_lower>=5' --require 'mae_upper<=5'
  lep-preprocess "$@" --label kind=class t.csv | lep-train -q -n binary -e 2 --seed 1 -o c.lepm
  lep-preprocess --like c.lepm --label class u.csv | lep-infer -m c.lepm | lep-eval --require 'accuracy>=0.84'
  cut -d, -f 1-14 u.csv | lep-preprocess --like c.lepm | lep-infer -m c.lepm --format tsv >answers
  [ "$(wc -l <answers)" -ge 5000 ]
  lep-preprocess --number x2,x1 --category city --label kind=class u.csv >other
  in=other capture lep-infer -m c.lepm
  [ "$status" -eq 1 ]
  grep -q "field 'features'" err
}

@test "a category as an id goes into embed" {
  awk 'BEGIN { print "c,y"; for (i = 0; i < 300; i++) print "c" i % 5 "," (i % 5 > 2 ? "p" : "q") }' >t.csv
  lep-preprocess --category c --encode ids --label y t.csv | lep-train -q -n <(printf 'embed 4\nflatten\ndense 1\n') -e 20 --lr 0.1 --seed 1 -o m
  lep-preprocess --like m t.csv | lep-infer -m m | lep-eval --require 'accuracy==1'
}

@test "a slow writer's rows are answered one by one" {
  people
  lep-preprocess --number age,income --category city --label bought t.csv | lep-train -q -n <(echo 'dense 1') -e 1 -o m
  mkfifo rows
  lep-preprocess --like m <rows | lep-infer -m m --format tsv >answers &
  exec 9>rows
  printf 'age,income,city\n' >&9
  for n in 1 2 3; do
    printf '%d,1000,Rome\n' $((30 + n)) >&9
    for _ in $(seq 100); do
      if [ "$(grep -c . answers)" -ge $((n + 1)) ]; then break; fi
      sleep 0.05
    done
    [ "$(grep -c . answers)" -eq $((n + 1)) ]
  done
  exec 9>&-
  wait $!
}

@test "sensor rows join with pictures; --like prepares either part of such a model" {
  "$tools/mkdigits" . 60 20
  find train -name '*.png' -o -name '*.jpg' | sort | awk 'BEGIN { print "path,speed,light" } { split($0, p, "/"); print substr($0, 7) "," p[2] * 3 + NR % 2 "," NR % 5 }' >rows.csv
  lep-preprocess --gray -o pictures train
  good lep-preprocess --number speed,light --key path -o rows rows.csv
  lep-fuse -o both pictures rows
  printf 'input image { flatten; dense 8 relu }\ninput features { dense 8 relu }\nfuse concat image features\ndense classes softmax\n' >net
  lep-train -q -n net -e 30 --lr 0.02 --seed 1 -o m both
  good lep-preprocess --like m --key path --provenance none rows.csv
  [ "$(lep-cat --json out | grep -o '"name": "[a-z]*"')" = '"name": "features"' ]
  [ "$(values features out)" = "$(values features rows)" ]
  lep-preprocess --like m train | lep-fuse - out | lep-infer -m m | lep-eval --require 'accuracy>=0.8'
}

# Rows of all kinds, good and bad: mixed SEED ROWS
mixed() {
  awk -v seed="$1" -v rows="$2" 'BEGIN {
    srand(seed)
    n = split("a|b|\"c\"|\"d,e\"|\"f\"\"g\"|\"line\nbreak\"|zz|\"\"", C, "|")
    m = split("1|-2.5|3e2|.5|7.|\"8\"| 9 |NA||12345678.123456789|0.1234567890123|-0|1e400|abc|nan|+4|1e39|\"1\n\"|1\r", N, "|")
    printf "k,a,b,c,y\n"
    for (i = 0; i < rows; i++) {
      end = rand() < 0.3 ? "\r\n" : "\n"
      a = rand() < 0.8 ? sprintf("%.4f", rand() * 100 - 50) : N[1 + int(rand() * m)]
      b = rand() < 0.9 ? int(rand() * 1000) : N[1 + int(rand() * m)]
      row = "k" i "," a "," b "," C[1 + int(rand() * n)] "," (rand() < 0.9 ? rand() < 0.5 ? "p" : "q" : rand() < 0.5 ? "" : "odd")
      r = rand()
      printf "%s%s", r < 0.01 ? "short,row" : r < 0.02 ? "" : r < 0.03 ? row ",more" : row, end
    }
    printf "last,1,2,a,p"
  }'
}

@test "rows of all kinds, by blocks and one by one: the same records and words" {
  printf 'k,a,b,c,y\nx,1,2,a,p\nx,3,5,b,q\n"x",4,9,"d,e",q\n' >base.csv
  mkfifo pipe
  for seed in 1 2 3; do
    mixed $seed 3000 >rows.csv
    for how in 'onehot fail skip none' 'ids 0 keep skip' 'onehot median skip skip' 'ids fail keep none'; do
      read -r encode missing bad unknown <<<"$how"
      lep-preprocess --number a,b --category c --encode "$encode" --label y --missing "$missing" -o like base.csv
      set -- --like like --bad "$bad" --unknown "$unknown" --provenance none
      lep-preprocess "$@" -o blocks rows.csv 2>words
      cat rows.csv >pipe &
      lep-preprocess "$@" --format csv -o one pipe 2>others
      wait $!
      cmp blocks one
      sed 's/ pipe:/ rows.csv:/' others | cmp - words
    done
    # What is measured does not depend on it either.
    set -- --number a,b --category c --label y --missing median --bad skip --provenance none
    lep-preprocess "$@" rows.csv 2>words | lep-cat --keep features --keep y --csv >blocks
    lep-preprocess --text k "$@" rows.csv 2>others | lep-cat --keep features --keep y --csv | cmp - blocks
    cmp words others
    [ "$(wc -l <blocks)" -gt 1500 ]
  done
}
