#!/usr/bin/env bats
# lep-cat on input and in surroundings that must not work.

bats_require_minimum_version 1.5.0

setup() {
	mk=$BUILD/tests/tools/mkoutputs
	cd "$BATS_TEST_TMPDIR"
	printf '%s\n' 'field x input f32 2' 'field label target i32 - cat|dog' \
		'record a 1,2 0' 'record b 3,4 1' 'record c 5,6 0' | "$mk" >s.lept
}

# usage MESSAGE OPTIONS...: exit 2, that message and where help is found, nothing out
usage() {
	local message=$1
	shift
	run --separate-stderr lep-cat "$@"
	[ "$status" -eq 2 ]
	[ -z "$output" ] || [[ $output == *LEP* ]]
	[ "${stderr_lines[0]}" = "lep-cat: $message" ]
	[ "${stderr_lines[1]}" = "Try 'lep-cat --help'." ]
}

# refused MESSAGE OPTIONS...: exit 1, that message
refused() {
	local message=$1
	shift
	run --separate-stderr lep-cat -o out "$@"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[[ $stderr == "lep-cat: "$message ]]
	[ ! -e out ]
}

@test "bad usage" {
	usage "unknown option '--nothing'" --nothing
	usage "more than one kind of output is asked for" --csv --json s.lept
	usage "more than one kind of output is asked for" --check --npy x s.lept
	usage "--split, --part and --by belong together" --split 90/10 s.lept
	usage "--split, --part and --by belong together" --by key s.lept
	usage "'ninety' is no split such as 90/10" --split ninety --part 1 -o out s.lept
	usage "part 3 of 2" --split 90/10 --part 3 -o out s.lept
	usage "no field 'y' to split by" --split 90/10 --part 1 --by y -o out s.lept
	usage "'x' is no range such as 100:200" --range x s.lept
	usage "'3/2' is no shard such as 2/8" --shard 3/2 s.lept
	usage "no field 'y'" --drop y -o out s.lept
	usage "no field 'y'" --npy y -o out s.lept
	usage "s.lept: no field 'y'" --table y -o out s.lept
	usage "'x' is not NAME=..." --rename x -o out s.lept
	usage "'king' is no role: input, target, output or other" --role x=king -o out s.lept
	usage "field 'label' has no class 'cow'" --where label=cow -o out s.lept
	usage "'s.lept' is not NAME=FILE" --join -o out s.lept
	[ ! -e out ]
}

@test "a name that is there already" {
	run --separate-stderr lep-cat --rename x=label -o out s.lept
	[ "$status" -eq 2 ]
	[[ $stderr == *"label"* ]]
}

@test "no file, a folder, nothing, something else" {
	refused "nothing: No such file or directory" nothing
	refused ".: Is a directory" .
	: >empty
	refused "empty: empty input, not a tensor stream" empty
	echo hello >text
	refused "text: not a tensor stream*" text
	refused "<stdin>: empty input, not a tensor stream" </dev/null
	run --separate-stderr bash -c 'lep-cat -o out - <&-'
	[ "$status" -eq 1 ]
	[[ $stderr == "lep-cat: <stdin>: "* ]]
}

@test "a stream cut anywhere" {
	size=$(wc -c <s.lept)
	for at in 1 63 64 100 $((size / 2)) $((size - 128)) $((size - 64)) $((size - 1)); do
		head -c "$at" s.lept >cut
		refused "cut: *" cut
		refused "cut: *" --shuffle cut
		run --separate-stderr lep-cat --check cut
		[ "$status" -eq 1 ]
	done
}

@test "a flipped bit anywhere" {
	size=$(wc -c <s.lept)
	for at in $(seq 3 37 $((size - 1))); do
		cp s.lept bad
		byte=$(tail -c +$((at + 1)) s.lept | head -c 1 | od -An -tu1 | tr -d ' ')
		printf "\\$(printf %03o $((byte ^ 16)))" | dd of=bad bs=1 seek="$at" conv=notrunc status=none
		run --separate-stderr lep-cat --check bad
		[ "$status" -eq 1 ]
		[[ $stderr == "lep-cat: bad: "* ]]
	done
}

@test "an upstream that fails is passed on with its reason" {
	head -c 500 s.lept >cut
	run --separate-stderr bash -c 'lep-cat cut 2>/dev/null | lep-cat --range 0:1000 2>/dev/null | lep-cat --check'
	[ "$status" -eq 1 ]
	[[ $stderr == "lep-cat: <stdin>: upstream failed: lep-cat: cut: "*"truncated"* ]]
	run --separate-stderr bash -c 'lep-cat nothing 2>/dev/null | lep-cat --shuffle 2>/dev/null | lep-cat --csv'
	[ "$status" -eq 1 ]
	[ "$stderr" = "lep-cat: <stdin>: upstream failed: lep-cat: nothing: No such file or directory" ]
	printf '%s\n' 'field x input u8 -' 'record a 1' 'abort no more paper' | "$mk" >aborted
	run --separate-stderr lep-cat --tail 1 -o out aborted
	[ "$status" -eq 1 ]
	[[ $stderr == "lep-cat: aborted: "*"no more paper" ]]
	[ ! -e out ]
}

@test "an output that cannot be written" {
	run --separate-stderr bash -c 'lep-cat s.lept >/dev/full'
	[ "$status" -eq 1 ]
	[[ $stderr == *"No space left on device" ]]
	run --separate-stderr bash -c 'lep-cat --csv s.lept >/dev/full'
	[ "$status" -eq 1 ]
	run --separate-stderr bash -c 'lep-cat s.lept >&-'
	[ "$status" -eq 1 ]
	run --separate-stderr lep-cat -o nowhere/out s.lept
	[ "$status" -eq 1 ]
	[[ $stderr == "lep-cat: nowhere/out: No such file or directory" ]]
	run --separate-stderr lep-cat -o . s.lept
	[ "$status" -eq 1 ]
}

@test "a reader that has gone ends it quietly" {
	for i in $(seq 12); do cat s.lept s.lept s.lept s.lept >>many; cat many many >more; mv more many; done
	run --separate-stderr bash -c 'set -o pipefail; lep-cat --csv many | head -n 1 >/dev/null'
	[ "$status" -eq 141 ]
	[ -z "$stderr" ]
}

@test "arrays that are none" {
	printf '\223NUMPY\1\0\2\0{}' >x.npy
	refused "x.npy: .npy header: descr, fortran_order or shape is missing" x.npy
	printf '\223NUMPY\1\0\100\0%-64s' "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000,)}" >x.npy
	refused "x.npy: .npy: 0 bytes of elements, the header says 8000000000" x.npy
	printf '\0\0\010\1\377\377\377\377' >x.idx
	refused "x.idx: *" x.idx
	printf '\0\0\010\1\0\0\0\3ab' >x.idx
	refused "x.idx: *" x.idx
	refused "s.lept: neither .npy nor IDX" --join x=s.lept
}

@test "lists of names that are none" {
	printf 'cat\n\ndog\n' >names
	refused "names:2: not a name" --classes label=names s.lept
	printf 'cat\ncat\n' >names
	refused "names:2: the name comes twice" --classes label=names s.lept
	run --separate-stderr lep-cat -o out --keys nothing s.lept
	[ "$status" -eq 1 ]
	[ "$stderr" = "lep-cat: nothing: No such file or directory" ]
}

@test "recovery of what holds nothing" {
	head -c 4000 /dev/zero >zeros
	refused "zeros: no sound header: nothing can be recovered" --recover zeros
	head -c 500 s.lept >cut
	run --separate-stderr lep-cat --recover -o saved cut
	[ "$status" -eq 1 ]
	[[ $stderr == "lep-cat: cut: at least "*" records lost, "*"; the end is missing" ]]
	lep-cat --check saved
}

@test "recovery of every cut and every flipped byte gives a sound stream or none" {
	size=$(wc -c <s.lept)
	for at in $(seq 10 61 "$size"); do
		head -c "$at" s.lept >bad
		rm -f saved
		run --separate-stderr lep-cat --recover -o saved bad
		[ "$status" -le 1 ]
		[ ! -e saved ] || lep-cat --check saved
		{ head -c "$at" s.lept; printf '~'; tail -c +$((at + 2)) s.lept; } >bad
		rm -f saved
		run --separate-stderr lep-cat --recover -o saved bad
		[ "$status" -le 1 ]
		[ ! -e saved ] || lep-cat --check saved
	done
}
