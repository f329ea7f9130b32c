package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/livews/websocketlivestream/livews"
)

// maxList bounds the JSON list of an upstream's streams.
const maxList = 4 << 20

// List returns the streams of the server with the base URL.
func (d *Dialer) List(ctx context.Context, base string) ([]livews.StreamInfo, error) {
	u, err := url.Parse(strings.TrimSuffix(base, "/") + "/streams")
	if err != nil {
		return nil, err
	}
	u.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	if d.header != nil {
		req.Header = d.header.Clone()
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("list %s: status %d", u, resp.StatusCode)
	}
	var list streamList
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxList)).Decode(&list); err != nil {
		return nil, fmt.Errorf("list %s: %w", u, err)
	}
	return list.Streams, nil
}
