// The load on etcd, by its own Go client: does what quorate-load/main.ts does with Quorate, told and telling the same
// way (see tasks.ts): a task as JSON in the only argument, one line of JSON as the answer.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/etcd/clientv3"
)

type given struct {
	Way struct {
		Servers []string `json:"servers"`
	} `json:"way"`
	Task task `json:"task"`
}

type task struct {
	Mode        string  `json:"mode"`
	Operation   string  `json:"operation"`
	Callers     int     `json:"callers"`
	Connections int     `json:"connections"`
	Keys        int     `json:"keys"`
	ValueBytes  int     `json:"value_bytes"`
	WarmSeconds float64 `json:"warm_seconds"`
	Seconds     float64 `json:"seconds"`
	Pid         int     `json:"pid"`
	IntervalMs  float64 `json:"interval_ms"`
	CalmMs      float64 `json:"calm_ms"`
	Watchers    int     `json:"watchers"`
	Puts        int     `json:"puts"`
	Writers     int     `json:"writers"`
	Watched     bool    `json:"watched"`
	Leases      int     `json:"leases"`
	TTLSeconds  float64 `json:"ttl_seconds"`
	Pids        []int   `json:"pids"`
}

// The same as in tasks.ts.
const (
	rangeKeys      = 100
	fillKeysPerTxn = 100
	fillCallers    = 20
	electionPutMax = 5 * time.Second
)

func main() {
	var told given
	must(json.Unmarshal([]byte(os.Args[1]), &told))
	var result any
	switch told.Task.Mode {
	case "load":
		result = load(told.Way.Servers, told.Task)
	case "fill":
		result = fill(told.Way.Servers, told.Task)
	case "election":
		result = election(told.Way.Servers, told.Task)
	case "watch":
		result = watch(told.Way.Servers, told.Task)
	case "stalled":
		result = stalled(told.Way.Servers, told.Task)
	case "leases":
		result = leases(told.Way.Servers, told.Task)
	default:
		must(fmt.Errorf("no such mode: %q", told.Task.Mode))
	}
	must(json.NewEncoder(os.Stdout).Encode(result))
}

func must(err error) {
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func connect(servers []string) *clientv3.Client {
	client, err := clientv3.New(clientv3.Config{Endpoints: servers, DialTimeout: 10 * time.Second})
	must(err)
	return client
}

func milliseconds(count float64) time.Duration { return time.Duration(count * float64(time.Millisecond)) }

func keyAt(place int) string { return fmt.Sprintf("bench/%08d", place) }

// One call of an operation on keys chosen at random.
func call(client *clientv3.Client, random *rand.Rand, operation string, keys int, value string) error {
	background := context.Background()
	key := keyAt(random.Intn(keys))
	var err error
	switch operation {
	case "put":
		_, err = client.Put(background, key, value)
	case "get":
		_, err = client.Get(background, key)
	case "get-serializable":
		_, err = client.Get(background, key, clientv3.WithSerializable())
	case "mixed":
		if random.Float64() < 0.25 {
			_, err = client.Put(background, key, value)
		} else {
			_, err = client.Get(background, key)
		}
	case "txn":
		exists := clientv3.Compare(clientv3.Version(key), ">", 0)
		_, err = client.Txn(background).If(exists).Then(clientv3.OpPut(key, value)).Commit()
	case "range":
		from := random.Intn(keys - rangeKeys)
		_, err = client.Get(background, keyAt(from), clientv3.WithRange(keyAt(from+rangeKeys)))
	default:
		must(fmt.Errorf("no such operation: %q", operation))
	}
	return err
}

func fill(servers []string, told task) any {
	client := connect(servers)
	value := strings.Repeat("v", told.ValueBytes)
	began := time.Now()
	var next int64
	var all sync.WaitGroup
	for caller := 0; caller < fillCallers; caller++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for {
				from := int(atomic.AddInt64(&next, fillKeysPerTxn)) - fillKeysPerTxn
				if from >= told.Keys {
					return
				}
				var puts []clientv3.Op
				for place := from; place < from+fillKeysPerTxn && place < told.Keys; place++ {
					puts = append(puts, clientv3.OpPut(keyAt(place), value))
				}
				_, err := client.Txn(context.Background()).Then(puts...).Commit()
				must(err)
			}
		}()
	}
	all.Wait()
	return map[string]float64{"seconds": time.Since(began).Seconds()}
}

// Puts go on whatever became of those before them: one that waits at a member without a leader holds up no other, and
// is answered as soon as there is one. That is the way which finds etcd back the soonest.
func election(servers []string, told task) any {
	client := connect(servers)
	var killed atomic.Value
	kill := time.AfterFunc(milliseconds(told.CalmMs), func() {
		must(syscall.Kill(told.Pid, syscall.SIGKILL))
		killed.Store(time.Now())
	})
	defer kill.Stop()
	answered := make(chan time.Duration, 1)
	for range time.Tick(milliseconds(told.IntervalMs)) {
		select {
		case took := <-answered:
			return map[string]float64{"took_ms": float64(took.Nanoseconds()) / 1e6}
		default:
		}
		go func() {
			sent := time.Now()
			limited, cancel := context.WithTimeout(context.Background(), electionPutMax)
			defer cancel()
			_, err := client.Put(limited, "election", "v")
			moment, dead := killed.Load().(time.Time)
			if err != nil || !dead || sent.Before(moment) {
				return
			}
			select {
			case answered <- time.Since(moment):
			default:
			}
		}()
	}
	return nil
}
