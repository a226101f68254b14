// Runs statements by ClickHouse's own Go driver, as Grafana's ClickHouse plugin opens it: over HTTP, compressed by gzip.
//
// Standard input has a JSON object: addr, user, password, database, the seconds that each query
// gets, and statements. For each statement that fails, its number
// and why go to standard output; the program fails when one does.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

type asked struct {
	Addr       string   `json:"addr"`
	User       string   `json:"user"`
	Password   string   `json:"password"`
	Database   string   `json:"database"`
	Seconds    int      `json:"seconds"`
	Statements []string `json:"statements"`
}

func main() {
	if err := run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func run() error {
	var from asked
	if err := json.NewDecoder(os.Stdin).Decode(&from); err != nil {
		return err
	}
	db := clickhouse.OpenDB(&clickhouse.Options{
		Addr:        []string{from.Addr},
		Auth:        clickhouse.Auth{Database: from.Database, Username: from.User, Password: from.Password},
		Protocol:    clickhouse.HTTP,
		Compression: &clickhouse.Compression{Method: clickhouse.CompressionGZIP},
		DialTimeout: 10 * time.Second,
		ReadTimeout: 60 * time.Second,
	})
	defer db.Close()
	// As the plugin does, when it is told no other time to connect in.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	failed := 0
	for number, statement := range from.Statements {
		rows := 0
		err := func() error {
			// Of this the driver makes max_execution_time.
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(from.Seconds)*time.Second)
			defer cancel()
			found, err := db.QueryContext(ctx, statement)
			if err != nil {
				return err
			}
			defer found.Close()
			columns, err := found.Columns()
			if err != nil {
				return err
			}
			values := make([]any, len(columns))
			into := make([]any, len(columns))
			for at := range values {
				into[at] = &values[at]
			}
			for found.Next() {
				if err := found.Scan(into...); err != nil {
					return err
				}
				rows++
			}
			return found.Err()
		}()
		if err != nil {
			failed++
			fmt.Printf("%d: %v\n", number, err)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d statements failed", failed, len(from.Statements))
	}
	return nil
}
