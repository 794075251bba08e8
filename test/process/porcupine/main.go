// Judges the exported history of a chaos run with porcupine, a linearizability checker that is not ours.
//
//	node dist/test/process/chaos-main.js --seed 7 --history history.jsonl
//	cd test/process/porcupine && go run . history.jsonl
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

// Kv is a key as a client was shown it.
type Kv struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Create  int    `json:"create"`
	Mod     int    `json:"mod"`
	Version int    `json:"version"`
}

// Args of an operation; which of them count depends on the operation.
type Args struct {
	Key      *string  `json:"key"`
	Keys     []string `json:"keys"`
	Value    string   `json:"value"`
	Expected int      `json:"expected"`
}

// Result as the client was told.
type Result struct {
	Revision  int  `json:"revision"`
	Kvs       []Kv `json:"kvs"`
	Count     int  `json:"count"`
	Succeeded bool `json:"succeeded"`
}

// Line of the history.
type Line struct {
	Client  string  `json:"client"`
	Call    int64   `json:"call"`
	Return  *int64  `json:"return"`
	Op      string  `json:"op"`
	Args    Args    `json:"args"`
	Result  *Result `json:"result"`
	Unknown bool    `json:"unknown"`
}

type request struct {
	op   string
	args Args
}

// The store: a revision, and the keys that are alive. A state is never changed, only replaced.
type store struct {
	revision int
	keys     map[string]Kv
}

func (s store) write(keys []string, value *string) store {
	next := store{s.revision + 1, make(map[string]Kv, len(s.keys)+len(keys))}
	for key, kv := range s.keys {
		next.keys[key] = kv
	}
	for _, key := range keys {
		if value == nil {
			delete(next.keys, key)
			continue
		}
		before, known := s.keys[key]
		create := next.revision
		if known {
			create = before.Create
		}
		next.keys[key] = Kv{key, *value, create, next.revision, before.Version + 1}
	}
	return next
}

func (s store) read(keys []string) []Kv {
	kvs := []Kv{}
	for _, key := range keys {
		if kv, known := s.keys[key]; known {
			kvs = append(kvs, kv)
		}
	}
	return kvs
}

func (s store) all() []Kv {
	keys := make([]string, 0, len(s.keys))
	for key := range s.keys {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return s.read(keys)
}

// What the operation comes to in this state, and the state after it.
func (s store) apply(r request) (Result, store) {
	switch r.op {
	case "read":
		if r.args.Key == nil {
			return Result{Revision: s.revision, Kvs: s.all()}, s
		}
		return Result{Revision: s.revision, Kvs: s.read([]string{*r.args.Key})}, s
	case "readBoth":
		return Result{Revision: s.revision, Kvs: s.read(r.args.Keys)}, s
	case "put":
		next := s.write([]string{*r.args.Key}, &r.args.Value)
		return Result{Revision: next.revision}, next
	case "putBoth":
		next := s.write(r.args.Keys, &r.args.Value)
		return Result{Revision: next.revision}, next
	case "delete":
		if _, known := s.keys[*r.args.Key]; !known {
			return Result{Revision: s.revision}, s
		}
		next := s.write([]string{*r.args.Key}, nil)
		return Result{Revision: next.revision, Count: 1}, next
	case "swap":
		if s.keys[*r.args.Key].Mod != r.args.Expected {
			return Result{Revision: s.revision, Kvs: s.read([]string{*r.args.Key})}, s
		}
		next := s.write([]string{*r.args.Key}, &r.args.Value)
		return Result{Revision: next.revision, Succeeded: true}, next
	}
	panic("an operation that the model does not know: " + r.op)
}

func same(a, b Result) bool {
	if a.Revision != b.Revision || a.Count != b.Count || a.Succeeded != b.Succeeded || len(a.Kvs) != len(b.Kvs) {
		return false
	}
	for i := range a.Kvs {
		if a.Kvs[i] != b.Kvs[i] {
			return false
		}
	}
	return true
}

var model = porcupine.Model{
	Init: func() interface{} { return store{1, map[string]Kv{}} },
	Step: func(state, input, output interface{}) (bool, interface{}) {
		result, next := state.(store).apply(input.(request))
		told := output.(*Result)
		return told == nil || same(result, *told), next
	},
	Equal: func(a, b interface{}) bool {
		s, t := a.(store), b.(store)
		if s.revision != t.revision || len(s.keys) != len(t.keys) {
			return false
		}
		for key, kv := range s.keys {
			if t.keys[key] != kv {
				return false
			}
		}
		return true
	},
}

func readHistory(path string) []porcupine.Operation {
	file, err := os.Open(path)
	if err != nil {
		fail(err)
	}
	defer file.Close()
	clients := map[string]int{}
	var operations []porcupine.Operation
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var line Line
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			fail(err)
		}
		// Surely not done; and a read without an answer says nothing.
		if line.Result == nil && (!line.Unknown || line.Op == "read" || line.Op == "readBoth") {
			continue
		}
		if _, known := clients[line.Client]; !known {
			clients[line.Client] = len(clients)
		}
		returned := int64(math.MaxInt64)
		if line.Return != nil {
			returned = *line.Return
		}
		operations = append(operations, porcupine.Operation{
			ClientId: clients[line.Client],
			Input:    request{line.Op, line.Args},
			Call:     line.Call,
			Output:   line.Result,
			Return:   returned,
		})
	}
	return operations
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}

func main() {
	wrong := false
	for _, path := range os.Args[1:] {
		operations := readHistory(path)
		began := time.Now()
		verdict := porcupine.CheckOperationsTimeout(model, operations, 10*time.Minute)
		fmt.Printf("%s: %d operations: %s (%.1f s)\n", path, len(operations), verdict, time.Since(began).Seconds())
		wrong = wrong || verdict != porcupine.Ok
	}
	if wrong {
		os.Exit(1)
	}
}
