package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/clientv3"
)

const watchedKey = "watched"

// Puts to a key, so many at a time, until more says no.
func putWhile(client *clientv3.Client, callers int, value string, more func() bool) {
	var all sync.WaitGroup
	for caller := 0; caller < callers; caller++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for more() {
				_, err := client.Put(context.Background(), watchedKey, value)
				must(err)
			}
		}()
	}
	all.Wait()
}

func watch(servers []string, told task) any {
	clients := make([]*clientv3.Client, told.Connections)
	for i := range clients {
		clients[i] = connect(servers)
	}
	writer := connect(servers)
	var events int64
	expected := int64(told.Watchers * told.Puts)
	done := make(chan bool, 1)
	for i := 0; i < told.Watchers; i++ {
		// Of one client all watchers with one context share a stream.
		channel := clients[i%len(clients)].Watch(context.Background(), watchedKey, clientv3.WithCreatedNotify())
		<-channel
		go func() {
			for response := range channel {
				if atomic.AddInt64(&events, int64(len(response.Events))) >= expected {
					select {
					case done <- true:
					default:
					}
				}
			}
		}()
	}
	round := func() any {
		atomic.StoreInt64(&events, 0)
		began := time.Now()
		left := int64(told.Puts)
		putWhile(writer, told.Writers, strings.Repeat("v", told.ValueBytes), func() bool { return atomic.AddInt64(&left, -1) >= 0 })
		put := time.Since(began).Seconds()
		<-done
		seconds := time.Since(began).Seconds()
		return map[string]any{"events": atomic.LoadInt64(&events), "seconds": seconds, "puts": told.Puts, "put_seconds": put}
	}
	// The first round is the warm-up.
	round()
	return round()
}

func stalled(servers []string, told task) any {
	client, other := connect(servers), connect(servers)
	if told.Watched {
		channel := other.Watch(context.Background(), watchedKey, clientv3.WithCreatedNotify())
		<-channel
	}
	end := time.Now().Add(milliseconds(told.Seconds * 1000))
	var count int64
	putWhile(client, told.Callers, strings.Repeat("v", told.ValueBytes), func() bool {
		atomic.AddInt64(&count, 1)
		return time.Now().Before(end)
	})
	return map[string]any{"count": count}
}

func leases(servers []string, told task) any {
	client := connect(servers)
	var all sync.WaitGroup
	left := int64(told.Leases)
	for caller := 0; caller < 100; caller++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for atomic.AddInt64(&left, -1) >= 0 {
				granted, err := client.Grant(context.Background(), int64(told.TTLSeconds))
				must(err)
				kept, err := client.KeepAlive(context.Background(), granted.ID)
				must(err)
				go func() {
					for range kept {
					}
				}()
			}
		}()
	}
	all.Wait()
	time.Sleep(milliseconds(told.TTLSeconds * 2000 / 3))
	before := make([]float64, len(told.Pids))
	for i, pid := range told.Pids {
		before[i] = processorSeconds(pid)
	}
	time.Sleep(milliseconds(told.Seconds * 1000))
	cores := make([]float64, len(told.Pids))
	for i, pid := range told.Pids {
		cores[i] = (processorSeconds(pid) - before[i]) / told.Seconds
	}
	alive, err := client.Leases(context.Background())
	must(err)
	return map[string]any{"cores": cores, "alive": len(alive.Leases)}
}

// What Linux says that a process has used.
func processorSeconds(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	must(err)
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+2:]))
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100
}
