package main

import (
	"math"
	"math/rand"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/etcd/clientv3"
)

type measured struct {
	Count     int     `json:"count"`
	Errors    int     `json:"errors"`
	Seconds   float64 `json:"seconds"`
	P50       float64 `json:"p50_us"`
	P90       float64 `json:"p90_us"`
	P99       float64 `json:"p99_us"`
	Max       float64 `json:"max_us"`
	LoadCores float64 `json:"load_cores"`
}

// Callers that each wait for their answer, after a warm-up that is not counted.
func load(servers []string, told task) measured {
	clients := make([]*clientv3.Client, told.Connections)
	for i := range clients {
		clients[i] = connect(servers)
	}
	value := strings.Repeat("v", told.ValueBytes)
	begin := time.Now().Add(milliseconds(told.WarmSeconds * 1000))
	end := begin.Add(milliseconds(told.Seconds * 1000))
	cores := make(chan float64, 1)
	go func() { cores <- coresUsed(begin, end) }()

	taken := make([][]float64, told.Callers)
	failed := make([]int, told.Callers)
	var all sync.WaitGroup
	for caller := range taken {
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
				err := call(client, random, told.Operation, told.Keys, value)
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
	return summary(taken, failed, told.Seconds, <-cores)
}

func summary(taken [][]float64, failed []int, seconds float64, cores float64) measured {
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
		return math.Round(latencies[int(share*float64(len(latencies)-1))])
	}
	return measured{len(latencies), errors, seconds, at(0.5), at(0.9), at(0.99), at(1), cores}
}

// Processor time of this process between the two moments, over the time between them.
func coresUsed(begin, end time.Time) float64 {
	time.Sleep(time.Until(begin))
	began, beganAt := processorTime(), time.Now()
	time.Sleep(time.Until(end))
	return float64(processorTime()-began) / float64(time.Since(beganAt))
}

func processorTime() time.Duration {
	var used syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
