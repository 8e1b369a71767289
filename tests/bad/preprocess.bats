#!/usr/bin/env bats
# lep-preprocess: what must fail, with one line saying why and no -o file.

setup() {
  case ${BUILD:-build} in
  /*) tools=$BUILD/tests/tools ;;
  *) tools=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/${BUILD:-build}/tests/tools ;;
  esac
  cd "$BATS_TEST_TMPDIR" || return 1
  mkdir -p t/a t/b
  "$tools/mkpicture" 20 10 gray 1 >t/a/1.png
  "$tools/mkpicture" 20 10 gray 2 >t/a/2.png
  "$tools/mkpicture" 20 10 gray 3 >t/b/1.png
  tar -C t -cf t.tar a/1.png a/2.png b/1.png
}

# fails STATUS WORDS COMMAND...: exit status, one line with the words on standard
# error, and on standard output a stream that says the same.
fails() {
  local want=$1 words=$2 status=0
  shift 2
  "$@" <"${in:-/dev/null}" >out 2>err || status=$?
  if [ "$status" -ne "$want" ] || ! grep -qF -- "$words" err || [ "$(wc -l <err)" -ne $((want == 2 ? 2 : 1)) ]; then
    echo "$*: status $status, err: $(cat err)"
    return 1
  fi
  grep -q '^lep-preprocess: ' err
  [ "$want" -ne 1 ] || aborts "$(sed 's/^lep-preprocess: //' err)"
}

# The output ends in ABORT with these words.
aborts() {
  local status=0
  "$tools/showstream" out >shown 2>why || status=$?
  if [ "$status" -ne 1 ] || ! grep -qF "upstream failed: lep-preprocess: $1" why; then
    echo "showstream: $status: $(cat why)"
    return 1
  fi
}

shown() { cut -f 1 shown | tr '\n' ' '; }

@test "inputs that are not there, or are something else" {
  fails 1 'nowhere: No such file or directory' lep-preprocess nowhere
  fails 1 'nowhere: No such file or directory' lep-preprocess t nowhere
  fails 1 'nowhere: No such file or directory' lep-preprocess --files-from nowhere
  fails 1 'nowhere: No such file or directory' lep-preprocess --manifest nowhere
  fails 1 'nowhere: No such file or directory' lep-preprocess --like nowhere t
  fails 1 '<stdin>: empty' lep-preprocess
  : >zero
  fails 1 'zero: empty' lep-preprocess zero
  echo "some text" >text
  fails 1 'text: not a tar archive, PNG, JPEG or IDX file, it looks like text (which --format reads)' lep-preprocess text
  gzip text
  fails 1 'text.gz: not a tar archive, PNG, JPEG or IDX file' lep-preprocess text.gz
  lep-preprocess t >s
  fails 1 's: not a tar archive' lep-preprocess s
  mkdir none
  fails 1 'no pictures in the input' lep-preprocess none
  head -c 10240 /dev/zero >empty.tar
  fails 1 'no pictures in the input' lep-preprocess empty.tar
  fails 1 'text.gz' lep-preprocess --like text.gz t
}

@test "a folder that cannot be read, a loop of links" {
  ln -s .. t/a/up
  fails 1 't/a/up/: a link back to a folder that holds it' lep-preprocess t
  rm t/a/up
  ln -s nowhere t/a/3.png
  fails 1 't/a/3.png: No such file or directory' lep-preprocess t
  rm t/a/3.png
  [ "$(id -u)" -ne 0 ] || skip "root reads every folder"
  chmod 0 t/b
  fails 1 't/b/: Permission denied' lep-preprocess t
  chmod 755 t/b
}

@test "a truncated archive: an error naming the place, and no file" {
  for n in 1 511 512 600 1024 2000 3000; do
    head -c "$n" t.tar >cut.tar
    if [ "$n" -lt 300 ]; then
      fails 1 'cut.tar: not a tar archive' lep-preprocess cut.tar
    else
      fails 1 'cut.tar: truncated archive' lep-preprocess --classes a,b cut.tar
    fi
    in=cut.tar fails 1 '<stdin>: ' lep-preprocess
    status=0
    lep-preprocess -o s.lept --classes a,b cut.tar 2>err || status=$?
    [ "$status" -eq 1 ]
    [ "$(echo *.lept)" = '*.lept' ]
  done
  # What was whole before the cut is handed out.
  head -c 2000 t.tar >cut.tar
  fails 1 'truncated archive: it ends in or behind' lep-preprocess --classes a,b cut.tar
  [ "$(shown)" = 'a/1.png a/2.png ' ] || [ "$(shown)" = 'a/1.png ' ]
  in=cut.tar fails 1 'truncated archive' lep-preprocess --classes a,b
  [ "$(shown)" = 'a/1.png a/2.png ' ] || [ "$(shown)" = 'a/1.png ' ]
}

@test "a key longer than a stream can hold names its picture" {
  long=$(printf 'l%.0s' {1..200})
  sub=
  for _ in $(seq 21); do sub=$sub$long/; done
  tar -C t --transform "s|^a/1.png|$sub|;s|/$|/1.png|" -cf x.tar a/1.png
  fails 1 'x.tar: lll' lep-preprocess --no-labels x.tar
}

@test "damaged archives and gzip" {
  cp t.tar x.tar
  printf 'X' | dd of=x.tar bs=1 seek=100 conv=notrunc status=none
  fails 1 'x.tar: damaged archive: a header with a wrong checksum' lep-preprocess x.tar
  gzip -k t.tar
  head -c 300 t.tar.gz >cut.gz
  fails 1 'cut.gz: truncated gzip data' lep-preprocess --classes a,b cut.gz
  cp t.tar.gz x.gz
  printf '\377\377\377\377' | dd of=x.gz bs=1 seek=200 conv=notrunc status=none
  fails 1 'x.gz: ' lep-preprocess x.gz
  { cat t.tar.gz; echo more; } >more.gz
  fails 1 'more.gz: bytes behind the end of the gzip data' lep-preprocess --classes a,b more.gz
  # A flipped bit in the checksum, long after the archive's end.
  cp t.tar.gz x.gz
  printf '\0' | dd of=x.gz bs=1 seek=$(($(stat -c %s x.gz) - 6)) conv=notrunc status=none
  fails 1 'x.gz: damaged gzip data' lep-preprocess --classes a,b x.gz
}

@test "a broken picture: an error, skipped and counted, or kept as a bad record" {
  head -c 60 t/a/2.png >x && mv x t/a/2.png
  tar -C t -cf t.tar a/1.png a/2.png b/1.png
  fails 1 't/a/2.png: ' lep-preprocess t
  [ "$(shown)" = 'a/1.png ' ]
  fails 1 't.tar: a/2.png: ' lep-preprocess t.tar
  [ "$(shown)" = 'a/1.png ' ]
  fails 1 't.tar: a/2.png: ' lep-preprocess --pack 16 t.tar
  [ "$(shown)" = 'a/1.png ' ]
  lep-preprocess --bad skip t >out 2>err
  "$tools/showstream" out | cut -f 1 | tr '\n' ' ' | grep -qx 'a/1.png b/1.png '
  grep -q '^lep-preprocess: t/a/2.png: .*: left out$' err
  grep -qx 'lep-preprocess: 1 bad sample left out' err
  lep-preprocess --bad keep t >out 2>err
  "$tools/showstream" out >shown
  [ "$(shown)" = 'a/1.png a/2.png b/1.png ' ]
  grep -q '^a/2.png.*	bad: ' shown
  grep -qx 'lep-preprocess: 1 bad sample kept as bad record' err
  lep-preprocess --bad skip -q t >out 2>err
  [ ! -s err ]
}

@test "the first picture is broken, or all are" {
  echo x >t/a/1.png
  fails 1 't/a/1.png: ' lep-preprocess t
  lep-preprocess --bad skip t >out 2>err
  "$tools/showstream" out | cut -f 1 | tr '\n' ' ' | grep -qx 'a/2.png b/1.png '
  fails 1 't/a/1.png: no size or colour is given, and the first picture cannot tell them' lep-preprocess --bad keep t
  lep-preprocess --bad keep --size 20x10 --gray t >out 2>err
  "$tools/showstream" out | grep -q '^a/1.png.*bad: '
  echo x >t/a/2.png
  echo x >t/b/1.png
  status=0
  lep-preprocess --bad skip t >out 2>err || status=$?
  [ "$status" -eq 1 ]
  grep -q 'no picture among 3 samples could be read' err
}

@test "what is in a folder or archive and is no picture" {
  echo "notes" >t/a/README
  fails 1 't/a/README: ' lep-preprocess t
  lep-preprocess --bad skip t >out 2>err
  [ "$("$tools/showstream" out | wc -l)" -eq 3 ]
  rm t/a/README
  mkfifo t/a/pipe
  fails 1 't/a/pipe: not a regular file' lep-preprocess t
  rm t/a/pipe
  ln t/a/1.png t/b/hard.png
  tar -C t -cf x.tar a b
  fails 1 'a link to ' lep-preprocess x.tar
  tar -C t --hard-dereference -cf x.tar a b
  lep-preprocess x.tar >out
  printf 't/a\n' >list
  fails 1 't/a: a folder, not a picture' lep-preprocess --gray --size 4 --files-from list
  printf 'a\0b\n' >list
  fails 1 'list: a NUL in a name' lep-preprocess --files-from list
}

@test "headers that claim far too much" {
  # The address sanitiser itself needs terabytes of addresses.
  limit=2000000
  case ${BUILD:-} in *sanitize*) limit=unlimited ;; esac
  # 40,000 x 40,000 pixels in a PNG of a few bytes
  printf '\211PNG\r\n\032\n\0\0\0\rIHDR\0\0\234\100\0\0\234\100\010\0\0\0\0' >t/a/1.png
  (ulimit -v $limit && fails 1 't/a/1.png: ' lep-preprocess -j1 t)
  printf '\0\0\010\003\377\377\377\377\377\377\377\377\377\377\377\377' >idx
  (ulimit -v $limit && fails 1 'idx: impossible extents' lep-preprocess -j1 idx)
  printf '\0\0\010\003\0\0\0\001\0\377\377\377\0\0\0\377' >idx
  (ulimit -v $limit && fails 1 'idx: truncated IDX file' lep-preprocess -j1 idx)
}

@test "IDX files that do not belong together" {
  printf '\0\0\010\003\0\0\0\002\0\0\0\001\0\0\0\001AB' >images
  printf '\0\0\010\001\0\0\0\002\0\001' >labels
  lep-preprocess images labels >out
  printf '\0\0\010\001\0\0\0\003\0\001\002' >three
  fails 1 'three: 3 labels for 2 pictures' lep-preprocess images three
  printf '\0\0\010\001\0\0\0\002\0' >cut-labels
  fails 1 'cut-labels: truncated IDX file' lep-preprocess images cut-labels
  fails 1 'labels: labels, but no IDX file of pictures stands before them' lep-preprocess labels images
  printf '\0\0\015\001\0\0\0\002\0\0\0\0\0\0\0\0' >floats
  fails 1 'floats: not a row of whole numbers' lep-preprocess --labels floats images
  printf '\0\0\010\002\0\0\0\002\0\0\0\001AB' >flat
  fails 1 'flat: u8 of 2x1 is no row of pictures' lep-preprocess flat
  printf '\0\0\010\003\0\0' >short
  fails 1 'short: truncated IDX header' lep-preprocess short
}

@test "manifests that make no sense" {
  printf 'file,label\nt/a/1.png,"x\n' >m
  fails 1 'm: line 2: a quote that is not closed' lep-preprocess --manifest m
  printf 'file,label\nt/a/1.png\n' >m
  fails 1 'm: line 2: only 1 column' lep-preprocess --manifest m
  printf 'file,label\n,x\n' >m
  fails 1 'm: line 2: no file name' lep-preprocess --manifest m
  printf 'file,label\nnowhere.png,x\n' >m
  fails 1 'nowhere.png: No such file or directory' lep-preprocess --gray --size 4 --manifest m
  : >m
  fails 1 'm: empty' lep-preprocess --manifest m
}

@test "usage" {
  fails 2 '--gray and --rgb exclude each other' lep-preprocess --gray --rgb t
  fails 2 "'0x3' is no size" lep-preprocess --size 0x3 t
  fails 2 'is no colour' lep-preprocess --background blue t
  fails 2 'is no scale' lep-preprocess --scale double t
  fails 2 'scale' lep-preprocess --scale 0.1,0.2,0.3:1 t
  fails 2 'must be above 0' lep-preprocess --gray --scale 0.1:0 t
  fails 2 'a class without a name' lep-preprocess --classes a,,b t
  fails 2 '-0 is about --files-from' lep-preprocess -0 t
  fails 2 '--columns is about --manifest' lep-preprocess --columns a t
  [ ! -s out ]
}

@test "a full disk, a closed standard output, a reader that has gone" {
  status=0
  lep-preprocess t >/dev/full 2>err || status=$?
  [ "$status" -eq 1 ]
  grep -q 'No space left on device' err
  status=0
  lep-preprocess t >&- 2>err || status=$?
  [ "$status" -eq 1 ]
  [ -s err ]
  for n in $(seq 10 60); do "$tools/mkpicture" 200 200 gray "$n" >"t/a/$n.png"; done
  lep-preprocess --size 200 t 2>err | head -c 100 >/dev/null
  status=${PIPESTATUS[0]}
  echo "$status: $(cat err)"
  [ "$status" -eq 141 ]
  [ ! -s err ]
}
