// Load for etcd from its own Go client, measured as quorate-load.ts measures Quorate: callers that each wait for their
// answer, a warm-up that is not counted, latencies in microseconds. Prints one line of JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
)

type result struct {
	Count   int     `json:"count"`
	Errors  int     `json:"errors"`
	Seconds float64 `json:"seconds"`
	P50     float64 `json:"p50_us"`
	P90     float64 `json:"p90_us"`
	P99     float64 `json:"p99_us"`
	Max     float64 `json:"max_us"`
}

func main() {
	endpoints := flag.String("endpoints", "", "comma separated")
	operation := flag.String("operation", "put", "put or get")
	callers := flag.Int("callers", 1, "")
	connections := flag.Int("connections", 1, "")
	keys := flag.Int("keys", 10000, "")
	valueBytes := flag.Int("value-bytes", 256, "")
	warm := flag.Float64("warm-seconds", 1, "")
	seconds := flag.Float64("seconds", 5, "")
	flag.Parse()

	clients := make([]*clientv3.Client, *connections)
	for i := range clients {
		client, err := clientv3.New(clientv3.Config{Endpoints: strings.Split(*endpoints, ","), DialTimeout: 10 * time.Second})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		clients[i] = client
	}
	value := strings.Repeat("v", *valueBytes)
	begin := time.Now().Add(time.Duration(*warm * float64(time.Second)))
	end := begin.Add(time.Duration(*seconds * float64(time.Second)))

	taken := make([][]float64, *callers)
	failed := make([]int, *callers)
	var all sync.WaitGroup
	for caller := 0; caller < *callers; caller++ {
		all.Add(1)
		go func(caller int) {
			defer all.Done()
			client := clients[caller%len(clients)]
			random := rand.New(rand.NewSource(int64(caller)))
			for {
				sent := time.Now()
				if sent.After(end) {
					return
				}
				key := fmt.Sprintf("bench/%08d", random.Intn(*keys))
				var err error
				if *operation == "put" {
					_, err = client.Put(context.Background(), key, value)
				} else {
					_, err = client.Get(context.Background(), key)
				}
				answered := time.Now()
				if sent.Before(begin) || answered.After(end) {
					continue
				}
				if err != nil {
					failed[caller]++
					continue
				}
				taken[caller] = append(taken[caller], float64(answered.Sub(sent).Nanoseconds())/1000)
			}
		}(caller)
	}
	all.Wait()

	var latencies []float64
	errors := 0
	for caller := range taken {
		latencies = append(latencies, taken[caller]...)
		errors += failed[caller]
	}
	sort.Float64s(latencies)
	at := func(share float64) float64 {
		if len(latencies) == 0 {
			return 0
		}
		return latencies[int(share*float64(len(latencies)-1))]
	}
	json.NewEncoder(os.Stdout).Encode(result{len(latencies), errors, *seconds, at(0.5), at(0.9), at(0.99), at(1)})
}
