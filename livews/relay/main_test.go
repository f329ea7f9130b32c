package relay_test

import (
	"testing"

	"github.com/livews/websocketlivestream/livews/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }
