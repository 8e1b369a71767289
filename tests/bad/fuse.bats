#!/usr/bin/env bats
# lep-fuse on input and in surroundings that must not work.

bats_require_minimum_version 1.5.0

setup() {
	mk=$BUILD/tests/tools/mkoutputs
	cd "$BATS_TEST_TMPDIR"
	printf '%s\n' 'field q input f32 -' 'field pair other i32 2' 'field pic other text -' 'record a 1 1,2 b' \
		'record c 2 1,2 a' 'record b 3 1,2 a' | "$mk" >first.lept
	printf '%s\n' 'field image input u8 2' 'record b 1,2' 'record a 3,4' 'record c 5,6' | "$mk" >held.lept
	: >empty
	mkdir folder
}

# usage MESSAGE OPTIONS...: exit 2, that message and where help is found
usage() {
	local message=$1
	shift
	run --separate-stderr lep-fuse -o out "$@"
	echo "$status: $stderr"
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[ "${stderr_lines[0]}" = "lep-fuse: $message" ]
	[ "${stderr_lines[1]}" = "Try 'lep-fuse --help'." ]
	[ ! -e out ]
}

# refused MESSAGE OPTIONS...: exit 1, that line, no file; and a stream is ended by
# ABORT that says so
refused() {
	local message=$1
	shift
	run --separate-stderr lep-fuse -o out "$@"
	echo "$status: $stderr"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	# shellcheck disable=SC2053 # a pattern
	[[ $stderr == lep-fuse:\ $message ]]
	[ ! -e out ]
	lep-fuse "$@" 2>err </dev/null | run --separate-stderr -1 lep-cat --check
}

@test "bad usage" {
	usage "no streams: FIRST and one OTHER at least"
	usage "one stream only: FIRST and one OTHER at least" first.lept
	usage "only one stream can be standard input" - -
	usage "only one stream can be standard input" - held.lept -
	usage "--left keeps what --strict refuses: they exclude each other" --left --strict first.lept held.lept
	usage "--prefix a,b: 2 names for 1 OTHERs" --prefix a,b first.lept held.lept
	usage "--prefix a,,b: an empty name" --prefix a,,b first.lept held.lept held.lept held.lept
	usage "no field 'x'" --drop x first.lept held.lept
	usage "unknown option '--inner'" --inner first.lept held.lept
}

@test "--paste of streams that do not go together" {
	usage "--paste looks nothing up: no --on, --sorted, --left, --strict" --paste --on pic first.lept held.lept
	usage "--paste looks nothing up: no --on, --sorted, --left, --strict" --paste --left first.lept held.lept
	lep-cat --head 1 held.lept >one.lept
	refused "one.lept: only 1 record, fewer than the first stream has" --paste first.lept one.lept
	refused "held.lept: more than the 1 record that the first stream has" --paste one.lept held.lept
	head -c "$(($(stat -c %s held.lept) - 1))" held.lept >cut
	refused "cut: *" --paste first.lept cut
}

@test "a field to join on that is not there" {
	usage "first.lept: no field 'picture' to join on: it has q, pair, pic" --on picture first.lept held.lept
	usage "first.lept: no field 'image' to join on: it has q, pair, pic" --on image --sorted first.lept held.lept
}

@test "a field that cannot be joined on" {
	usage "first.lept: field 'q' cannot be joined on: it is f32, neither text nor ids nor whole numbers" \
		--on q first.lept held.lept
	usage "first.lept: field 'pair' cannot be joined on: its extents are '2', not a single value" \
		--on pair first.lept held.lept
}

@test "no common key" {
	printf '%s\n' 'field image input u8 2' 'record b.png 1,2' 'record a.png 3,4' | "$mk" >other.lept
	refused "no record of first.lept has a partner in other.lept: there is no 'a', say; its keys are like 'b.png'" \
		first.lept other.lept
	refused "no record of first.lept has a partner in other.lept: there is no 'b', say; its keys are like 'b.png'" \
		--on pic first.lept held.lept other.lept
	sort_keys first.lept >f && sort_keys other.lept >o
	refused "no record of f has a partner in o: there is no 'a', say; its keys are like 'a.png'" --sorted f o
	printf '%s\n' 'field image input u8 2' | "$mk" >none.lept
	refused "no record of first.lept has a partner in none.lept, which has no records" first.lept none.lept
}

# The stream with its records in the order of their keys.
sort_keys() {
	local k
	for k in $(lep-cat --jsonl "$1" | sed 's/.*"key": "\([^"]*\)".*/\1/' | LC_ALL=C sort); do
		lep-cat --provenance none --key "$k" "$1"
	done
}

@test "duplicate keys on a held side" {
	cat held.lept held.lept >twice.lept
	refused "twice.lept: record 3: its key 'b' is that of record 0 already, and none may come twice here" \
		first.lept twice.lept
	run --separate-stderr lep-fuse -o out first.lept - <twice.lept
	[ "$status" -eq 1 ]
	[ "$stderr" = "lep-fuse: <stdin>: record 3: its key 'b' is that of record 0 already, and none may come twice here" ]
	printf '%s\n' 'field image input u8 2' 'record a 1,2' 'record b 1,2' 'record b 3,4' | "$mk" >twice.lept
	sort_keys first.lept >f
	refused "twice.lept: record 2: its key 'b' is that of record 1 already, and none may come twice here" \
		--sorted f twice.lept
}

@test "streams that are not sorted, with --sorted" {
	sort_keys first.lept >f && sort_keys held.lept >h
	lep-fuse --sorted --strict f h >/dev/null
	refused "first.lept: record 2 (b): not sorted: its key 'b' comes behind 'c'" --sorted first.lept h
	refused "held.lept: record 1: not sorted: its key 'a' comes behind 'b'" --sorted f held.lept
	refused "first.lept: record 1 (c): not sorted: its 'pic' 'a' comes behind 'b'" --sorted --on pic first.lept h
	# also where nothing is looked up any more
	printf '%s\n' 'field image input u8 2' 'record a 1,2' 'record b 1,2' 'record c 1,2' 'record z 0,0' 'record y 3,4' |
		"$mk" >late.lept
	refused "late.lept: record 4: not sorted: its key 'y' comes behind 'z'" --sorted f late.lept
}

@test "a tensor named twice" {
	printf '%s\n' 'field q input u8 2' 'field 2_q input u8 2' 'record a 1,2 1,2' | "$mk" >clash.lept
	usage "clash.lept: a second field '2_q': give it another prefix, or rename it" first.lept clash.lept
	lep-fuse -q --prefix other first.lept clash.lept >/dev/null
	usage "held.lept: a second field 'x_image': give it another prefix, or rename it" \
		--prefix x,x first.lept held.lept held.lept
	printf '%s\n' 'field image_present input u8 2' 'record a 1,2' | "$mk" >present.lept
	usage "held.lept: a second field 'image_present': give it another prefix, or rename it" --left present.lept held.lept
}

@test "a truncated stream, held, first or merged, wherever the cut" {
	sort_keys first.lept >f && sort_keys held.lept >h
	for cut in 1 64 $(($(stat -c %s h) / 2)) $(($(stat -c %s h) - 1)); do
		head -c "$cut" h >cut
		refused "cut: *" first.lept cut
		refused "cut: *" --sorted f cut
	done
	for cut in 1 64 $(($(stat -c %s f) / 2)) $(($(stat -c %s f) - 1)); do
		head -c "$cut" f >cut
		refused "cut: *" cut held.lept
		refused "cut: *" --sorted cut h
	done
	# the records before the cut have come through, and no END follows them
	run -1 bash -c 'lep-fuse cut held.lept 2>/dev/null | lep-cat --jsonl'
	[[ $output == *'"key": "a"'* ]]
}

@test "an upstream that failed, on either side" {
	printf '%s\n' 'field image input u8 2' 'record a 1,2' 'abort mkoutputs: no more' | "$mk" >aborted.lept
	refused "aborted.lept: upstream failed: mkoutputs: no more" aborted.lept held.lept
	refused "aborted.lept: upstream failed: mkoutputs: no more" first.lept aborted.lept
	# the merge needs nothing behind 'a', and says so all the same
	lep-cat --key a first.lept >f
	refused "aborted.lept: upstream failed: mkoutputs: no more" --sorted f aborted.lept
	# the cause goes on as it came
	run bash -c 'lep-fuse first.lept aborted.lept 2>/dev/null | lep-cat --check'
	[ "$output" = "lep-cat: <stdin>: upstream failed: mkoutputs: no more" ]
}

@test "what is no stream" {
	for file in empty folder; do
		refused "$file: *" first.lept $file
		refused "$file: *" $file held.lept
		refused "$file: *" --sorted first.lept $file
	done
	refused "nowhere: No such file or directory" first.lept nowhere
	echo text >text
	refused "text: *" first.lept text
	printf '%s\n' 'field x input f32 2' 'field label target i32 - cat|dog' 'record a 1,2 0' | "$mk" >train.lept
	"$BUILD/tests/tools/mkmodel" crossentropy 'dense classes softmax' train.lept >model.lepm
	refused "model.lepm: is a model, not data" first.lept model.lepm
	refused "model.lepm: is a model, not data" --sorted model.lepm held.lept
}

@test "segments that do not agree" {
	printf '%s\n' 'field image input u8 3' 'record d 1,2,3' | "$mk" >wide.lept
	cat held.lept wide.lept >both.lept
	refused "both.lept: *field 'image': another shape than in the segment before" first.lept both.lept
	refused "both.lept: *field 'image': another shape than in the segment before" both.lept held.lept
}

@test "a damaged byte in a picture that is asked for" {
	lep-cat held.lept | sed 's/\x03\x04/\x03\x05/' >damaged.lept
	run -1 cmp -s held.lept damaged.lept
	refused "damaged.lept: record 1*" first.lept damaged.lept
}
