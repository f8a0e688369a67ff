"""Digit classifiers as people write them in PyTorch, with seeded weights."""

import torch
from torch import nn
from torch.nn import functional as F


class Lenet(nn.Module):
    """relu after max_pool, view(-1, n), log_softmax: the functional style."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 10, 5), nn.Conv2d(10, 20, 5)
        self.drop, self.fc1, self.fc2 = nn.Dropout2d(), nn.Linear(320, 50), nn.Linear(50, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.drop(self.conv2(x)), 2)).view(-1, 320)
        x = F.dropout(F.relu(self.fc1(x)), training=self.training)
        return F.log_softmax(self.fc2(x), dim=1)


class Viewed(nn.Module):
    """x.view(x.size(0), -1): a chain of Shape, Gather, Unsqueeze, Concat and Reshape."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, stride=2, padding=1)
        self.fc1, self.fc2 = nn.Linear(1568, 64), nn.Linear(64, 10)

    def forward(self, x):
        x = torch.tanh(self.conv(x))
        x = x.view(x.size(0), -1)
        return self.fc2(torch.sigmoid(self.fc1(x)))


class Squeeze(nn.Module):
    """Squeeze-and-excitation: a value for each channel times all its pixels."""

    def __init__(self, channels):
        super().__init__()
        self.down, self.up = nn.Conv2d(channels, 4, 1), nn.Conv2d(4, channels, 1)

    def forward(self, x):
        s = F.adaptive_avg_pool2d(x, 1)
        return x * F.hardsigmoid(self.up(F.relu(self.down(s))))


class Inverted(nn.Module):
    def __init__(self, channels, act):
        super().__init__()
        wide = 3 * channels
        self.body = nn.Sequential(
            nn.Conv2d(channels, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            act(),
            nn.Conv2d(wide, wide, 5, padding=2, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            act(),
            Squeeze(wide),
            nn.Conv2d(wide, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x):
        return x + self.body(x)


class Inception(nn.Module):
    """Branches of different windows, side by side."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 12, 3, stride=2, padding=1)
        self.a = nn.Conv2d(12, 9, 1)
        self.b = nn.Conv2d(12, 16, 3, padding=1)
        self.c = nn.Conv2d(12, 7, 5, padding=2)
        self.fc = nn.Linear(44, 10)

    def forward(self, x):
        x = F.relu(self.stem(x))
        x = torch.cat([self.a(x), self.b(x), self.c(x), F.max_pool2d(x, 3, 1, 1)], 1)
        return self.fc(F.relu(x).mean(dim=(2, 3)))


class Dense(nn.Module):
    """Every layer sees all before it."""

    def __init__(self):
        super().__init__()
        widths = (1, 9, 17, 25)
        self.layers = nn.ModuleList(nn.Conv2d(w, 8, 3, padding=1) for w in widths)
        self.fc = nn.Linear(33 * 9, 10)

    def forward(self, x):
        x = F.avg_pool2d(x, 2)
        for layer in self.layers:
            x = torch.cat([x, F.elu(layer(x))], dim=1)
        return self.fc(F.max_pool2d(x, 5, 4, ceil_mode=False).flatten(1))


class Shuffle(nn.Module):
    """Groups whose channels are dealt out anew between them."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 24, 3, stride=2)
        self.a = nn.Conv2d(24, 24, 3, groups=4)
        self.b = nn.Conv2d(24, 24, 3, groups=4)
        self.fc = nn.Linear(24 * 9 * 9, 10)

    def forward(self, x):
        x = F.relu6(self.a(F.leaky_relu(self.stem(x), 0.1)))
        n, c, h, w = x.size()
        x = x.view(n, 4, c // 4, h, w).transpose(1, 2).contiguous().view(n, c, h, w)
        return self.fc(F.selu(self.b(x)).flatten(1))


class Attention(nn.Module):
    """A small vision transformer: patches, one block, the mean of the tokens."""

    def __init__(self, width=32, heads=4):
        super().__init__()
        self.heads = heads
        self.patch = nn.Conv2d(1, width, 7, stride=7)
        self.place = nn.Parameter(torch.randn(1, 17, width) * 0.2)
        self.cls = nn.Parameter(torch.randn(1, 1, width) * 0.2)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 64), nn.GELU(), nn.Linear(64, width))
        self.fc = nn.Linear(width, 10)

    def attend(self, x):
        n, t, c = x.shape
        q, k, v = self.qkv(x).view(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        score = (q @ k.transpose(-2, -1)) * (c // self.heads) ** -0.5
        x = score.softmax(dim=-1) @ v
        return self.out(x.transpose(1, 2).reshape(n, t, c))

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], dim=1) + self.place
        x = x + self.attend(self.norm1(x))
        x = x + self.mlp(self.norm2(x))
        return self.fc(x.mean(dim=1))


class Mixer(nn.Module):
    """Layers over rows, then over columns."""

    def __init__(self):
        super().__init__()
        self.rows, self.columns = nn.Linear(28, 28), nn.Linear(28, 28)
        self.fc = nn.Linear(784, 10)

    def forward(self, x):
        x = x.view(-1, 28, 28)
        x = x + F.gelu(self.rows(x))
        x = x + F.gelu(self.columns(x.transpose(1, 2))).transpose(1, 2)
        return self.fc(x.reshape(-1, 784))


class Rows(nn.Module):
    """A picture as a signal: 28 channels, one for each row."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv1d(28, 32, 5, padding=2), nn.Conv1d(32, 24, 3, stride=2)
        self.norm, self.fc = nn.BatchNorm1d(32), nn.Linear(24 * 6, 10)

    def forward(self, x):
        x = F.relu(self.norm(self.conv1(x.view(-1, 28, 28))))
        return self.fc(F.max_pool1d(F.relu(self.conv2(x)), 2).flatten(1))


class Recurrent(nn.Module):
    """A picture as 28 steps, one for each row; what is left after the last says the digit."""

    def __init__(self, cell, **more):
        super().__init__()
        self.cell = cell(28, 40, batch_first=True, **more)
        self.fc = nn.Linear(80 if more.get("bidirectional") else 40, 10)

    def forward(self, x):
        return self.fc(self.cell(x.view(-1, 28, 28))[0][:, -1, :])


class Single(nn.Module):
    """For one picture, without a batch in between."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 6, 5, stride=2), nn.Linear(864, 10)

    def forward(self, x):
        x = torch.relu(self.conv(x)).squeeze(0).reshape(-1)
        return torch.softmax(self.fc(x), dim=0).unsqueeze(0)


class Rest(nn.Module):
    """Each class against the rest, as BCELoss wants it."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 8, 5, stride=2), nn.Linear(1152, 10)

    def forward(self, x):
        return torch.sigmoid(self.fc(torch.relu(self.conv(x)).flatten(1)))


class Committee(nn.Module):
    """The mean of what two networks say, one of which does its Softmax by hand."""

    def __init__(self):
        super().__init__()
        self.one = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10))
        self.other = nn.Linear(784, 10)

    def forward(self, x):
        e = torch.exp(self.other(x.flatten(1)))
        return torch.stack([self.one(x).softmax(1), e / e.sum(1, keepdim=True)]).mean(0)


class LogOfSoftmax(nn.Module):
    """In two steps, whose first comes to 0 for what is out of the question."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x):
        return torch.log(torch.softmax(self.fc(x.flatten(1)), dim=1))


class Unshuffle(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(16, 16, 3, padding=1), nn.Linear(784, 10)

    def forward(self, x):
        n = x.shape[0]
        x = x.view(n, 1, 7, 4, 7, 4).permute(0, 1, 3, 5, 2, 4).reshape(n, 16, 7, 7)
        return self.fc(F.pixel_shuffle(F.mish(self.conv(x)), 4).flatten(1))


def activations():
    acts = [nn.ELU(0.7), nn.SELU(), nn.CELU(1.3), nn.Softplus(), nn.Softsign(), nn.PReLU(16)]
    acts += [nn.LeakyReLU(0.2), nn.Hardswish(), nn.SiLU(), nn.Hardtanh(), nn.Tanh(), nn.GELU()]
    layers = [nn.Conv2d(1, 16, 7, stride=4)]
    for act in acts:
        layers += [act, nn.Conv2d(16, 16, 1)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(576, 10))


def resnet():
    layers = [nn.Conv2d(1, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    layers += [Inverted(16, nn.ReLU), nn.Conv2d(16, 24, 3, stride=2), Inverted(24, nn.Hardswish)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10))


def padded():
    return nn.Sequential(
        nn.ReflectionPad2d(2),
        nn.Conv2d(1, 8, 5, dilation=2),
        nn.ReLU(),
        nn.ReplicationPad2d((1, 0, 2, 1)),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.ConstantPad2d(1, 0.5),
        nn.Conv2d(8, 16, 3, groups=2),
        nn.ZeroPad2d((0, 1, 0, 1)),
        nn.AvgPool2d(3, 2, padding=1, count_include_pad=False),
        nn.Flatten(),
        nn.LazyLinear(10),
    )


def spectral():
    return nn.Sequential(
        nn.utils.spectral_norm(nn.Conv2d(1, 8, 5, stride=2)),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(1152, 10),
    )


def normed():
    return nn.Sequential(
        nn.Conv2d(1, 12, 5, stride=2),
        nn.GroupNorm(3, 12),
        nn.ReLU(),
        nn.Conv2d(12, 12, 3, padding=1),
        nn.InstanceNorm2d(12, affine=True),
        nn.ReLU(),
        nn.Conv2d(12, 8, 3, stride=2),
        nn.LayerNorm([8, 5, 5]),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 10),
    )


def mlp(*widths):
    layers = [nn.Flatten()]
    for before, after in zip(widths, widths[1:], strict=False):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


NETWORKS = {
    "softmax regression": lambda: nn.Sequential(nn.Linear(784, 10), nn.Softmax(dim=1)),
    "mlp": lambda: mlp(784, 128, 64, 10),
    "lenet": Lenet,
    "viewed": Viewed,
    "resnet": resnet,
    "inception": Inception,
    "densenet": Dense,
    "shufflenet": Shuffle,
    "transformer": Attention,
    "mixer": Mixer,
    "rows": Rows,
    "lstm": lambda: Recurrent(nn.LSTM, num_layers=2),
    "lstm, both ways": lambda: Recurrent(nn.LSTM, bidirectional=True),
    "gru": lambda: Recurrent(nn.GRU),
    "rnn": lambda: Recurrent(nn.RNN),
    "single": Single,
    "sigmoids": Rest,
    "log of softmax": LogOfSoftmax,
    "mean of softmaxes": Committee,
    "unshuffle": Unshuffle,
    "activations": activations,
    "padded": padded,
    "spectral norm": spectral,
    "normed": normed,
}

SHAPES = {"softmax regression": (784,), "mixer": (28, 28), "rows": (28, 28)}


def make(name: str) -> nn.Module:
    torch.manual_seed(len(name))
    model = NETWORKS[name]()
    with torch.no_grad():
        model.eval()(torch.zeros(2 if name != "single" else 1, *SHAPES.get(name, (1, 28, 28))))
        for norm in model.modules():
            if isinstance(norm, nn.Linear | nn.Conv2d | nn.Conv1d):
                nn.init.kaiming_normal_(norm.weight)
            if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
                norm.running_mean.normal_(0, 0.2)
                norm.running_var.uniform_(0.5, 1.5)
                norm.weight.uniform_(0.5, 1.5)
                norm.bias.normal_(0, 0.2)
    return model.eval()


def spread(model: nn.Module, images: torch.Tensor) -> nn.Module:
    """Scales the last layer, so that answers are neither all alike nor all certain."""
    last = [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
    seen = []
    hook = last.register_forward_hook(lambda _m, _i, out: seen.append(out.detach()))
    with torch.no_grad():
        for image in images:
            model(image[None])
        logits = torch.cat([s.reshape(1, 10) for s in seen])
        factor = 1.2 / (logits - logits.mean(0)).std()
        last.weight *= factor
        last.bias.copy_((last.bias - logits.mean(0)) * factor)
    hook.remove()
    return model
